"""What is known of programs: which run others, which use the network, how one is allowed."""

import posixpath
import re
from collections.abc import Sequence

from agent_tui.domain.rules import Rule, Words

KEYWORDS = frozenset(
    "if then elif else fi time for in until while do done case esac coproc select function"
    " { } [[ ]] !".split()
)
"""Bash's reserved words (its manual, "Reserved Words"): none of them is a program."""

STATEFUL = frozenset(
    ". alias bind builtin caller command compgen complete compopt declare disown enable eval exec"
    " export fc getopts hash history jobs let local logout mapfile read readarray readonly set"
    " shopt source suspend times trap typeset ulimit umask unalias unset wait".split()
)
"""Builtins that run a text, or change what the commands after them mean."""

MOVES = frozenset(("cd", "pushd", "popd"))

SHELLS = frozenset(("bash", "sh", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh"))

RUNNERS = frozenset(
    "ash busybox chroot chrt doas entr env find flock ionice linux32 linux64 ltrace nice nohup"
    " nsenter numactl parallel rlwrap runuser script setarch setpriv setsid socat ssh-agent stdbuf"
    " strace su sudo systemd-run taskset time timeout toybox unbuffer unshare watch xargs"
    " xvfb-run".split()
)
"""Programs that run another one, which their arguments name."""

_TEXT_IS_PROGRAM = frozenset(("awk", "gawk", "mawk", "nawk", "sed", "gsed", "ed", "ex", "m4", "dc"))
_PLAIN_SED = re.compile(r"(\d+|\$)(,(\d+|\$))?p")

_RUNS_BY_OPTION: dict[str, re.Pattern[str]] = {
    "sort": re.compile(r"--comp.*"),
    "rg": re.compile(r"--(pre|hostname-bin)(=.*)?"),
    "fd": re.compile(r"-[a-zA-Z]*[xX].*|--exec.*"),
    "fdfind": re.compile(r"-[a-zA-Z]*[xX].*|--exec.*"),
    "tar": re.compile(r"-[a-zA-Z]*[IF].*|--(to-c|use-c|checkpoint-a|rsh|rmt|new-v|info-s|I).*"),
    "zip": re.compile(r"-[a-zA-Z]*TT.*|--unzip-command.*"),
    "rsync": re.compile(r"-[a-zA-Z]*e.*|--rsh.*|--rsync-path.*"),
    "man": re.compile(r"-[a-zA-Z]*[PH].*|--(pager|html).*"),
    "git": re.compile(
        r"-O.*|--open-files-in-pager.*|--ext-diff|--upload-pack.*|--receive-pack.*|--exec.*"
        r"|-x|--extcmd.*|-c|--config-env.*|--tool.*|run|foreach"
    ),
    "test": re.compile(r"-[vR]"),
    "[": re.compile(r"-[vR]"),
    "printf": re.compile(r"-v.*"),
    "split": re.compile(r"--filter.*"),
    "make": re.compile(r"--eval.*|[^=]*=.*"),
    "gmake": re.compile(r"--eval.*|[^=]*=.*"),
}
"""Options by which a program that looks harmless runs another one, or evaluates a text."""

_SUBCOMMANDS = frozenset(
    "git npm pnpm yarn bun cargo go uv poetry pdm hatch pip pip3 docker podman gh just task make"
    " gmake ninja bundle rake mix dotnet gradle gradlew mvn composer deno terraform kubectl helm"
    " nox tox pre-commit conda".split()
)
_DEEPER = {("npm", "run"), ("pnpm", "run"), ("yarn", "run"), ("bun", "run"), ("uv", "run")}
_READERS = frozenset(
    "basename cat cksum cmp comm cut date df diff dirname du echo expand false file fold grep egrep"
    " fgrep head hostname id jq ls md5sum nl od paste printf pwd readlink realpath rg seq sha256sum"
    " sort stat tail tr tree true tsort uname uniq wc which whoami xxd : cd".split()
)
_TESTERS = frozenset(
    "pytest py.test mypy ruff black isort flake8 pylint pyright tsc eslint prettier jest"
    " vitest mocha rspec rubocop phpunit ctest shellcheck golangci-lint gofmt rustfmt".split()
)
_PYTHONS = re.compile(r"python[0-9.]*|pypy[0-9.]*")

_ON_NETWORK = frozenset(
    "apt apt-get aws az brew curl dig dnf docker-compose ftp gcloud gh host lynx mosh nc ncat"
    " netcat npx nslookup ping rsync scp sftp socat ssh telnet wget whois yum".split()
)
_NETWORK_BY_WORD = {
    "git": "clone fetch pull push ls-remote submodule remote archive send-email",
    "npm": "install i ci add update publish view outdated audit search login exec",
    "pnpm": "install i add update publish dlx",
    "yarn": "install add upgrade publish dlx",
    "bun": "install add update publish x",
    "pip": "install download search index",
    "pip3": "install download search index",
    "uv": "sync add pip tool lock publish run",
    "poetry": "install add update publish lock",
    "pdm": "install add update publish lock",
    "cargo": "install add fetch update publish search",
    "go": "get install mod",
    "docker": "pull push build login run",
    "podman": "pull push build login run",
    "gem": "install update push fetch",
    "bundle": "install update",
    "composer": "install update require",
    "conda": "install update create",
    "dotnet": "restore add publish",
    "mvn": "deploy install dependency:resolve",
    "kubectl": "",
    "helm": "",
    "terraform": "",
}


def name_of(words: Words) -> str:
    """The program's name without its folder; "" when only the shell knows it."""
    return posixpath.basename(words[0]) if words and words[0] else ""


def uses_network(words: Words) -> bool:
    """Whether a command is known to use the network. A sandbox is what really keeps it off."""
    name = name_of(words)
    if name in _ON_NETWORK:
        return True
    if name not in _NETWORK_BY_WORD:
        return False
    verbs = _NETWORK_BY_WORD[name].split()
    return not verbs or any(word is None or word in verbs for word in words[1:])


def hides(words: Words) -> str:
    """Why the arguments may start something that no rule can see, or "" when they do not."""
    name = name_of(words)
    if name in KEYWORDS:
        return f"`{name}` is a word of the shell's grammar, not a program."
    if name in STATEFUL:
        return f"`{name}` can change what the rest of the line means."
    if name in _TEXT_IS_PROGRAM and not _is_plain_sed(words):
        return f"`{name}` takes a program as its argument."
    options = _RUNS_BY_OPTION.get(name)
    if options and any(word is not None and options.fullmatch(word) for word in words[1:]):
        return f"`{name}` can run another program with these options."
    return ""


def _is_plain_sed(words: Words) -> bool:
    if name_of(words) not in ("sed", "gsed") or len(words) < 3 or None in words[1:3]:
        return False
    rest = words[3:]
    files_only = all(word is None or not word.startswith("-") for word in rest)
    return words[1] == "-n" and bool(_PLAIN_SED.fullmatch(words[2] or "")) and files_only


def proposals(line: str, commands: Sequence[Words], hidden: str) -> tuple[Rule, ...]:
    """The rules that "always" would make of the parts of a line that nothing allows yet.

    Where the beginning of a command says too little, the rule is for exactly this line.
    """
    exact = (Rule(action="allow", tool="run_command", line=line),)
    if hidden:
        return exact
    rules: list[Rule] = []
    for words in commands:
        prefix = _prefix(words)
        if not prefix:
            return exact
        rule = Rule(action="allow", tool="run_command", command=prefix)
        if rule not in rules:
            rules.append(rule)
    return tuple(rules) or exact


def _prefix(words: Words) -> tuple[str, ...]:
    """The words that tell what a command does; none where only all of them do."""
    known: list[str] = []
    for word in words:
        if word is None:
            break
        known.append(word)
    if not known:
        return ()
    name = known[0]
    if name in _READERS or name in _TESTERS:
        return (name,)
    if _PYTHONS.fullmatch(name):
        return tuple(known[:3]) if len(known) > 2 and known[1] == "-m" else ()
    if name in _SUBCOMMANDS and len(known) > 1 and re.fullmatch(r"[a-z][\w:-]*", known[1]):
        depth = 3 if (name, known[1]) in _DEEPER else 2
        return tuple(known[:depth]) if len(known) >= depth else ()
    return ()
