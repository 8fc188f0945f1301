"""Command lines: which programs they start, and what the rules say of them. bash is the oracle."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent_tui.domain.rules import Call, Rule, RuleBook, decide
from agent_tui.engine.commandline import read_line
from agent_tui.engine.programs import proposals
from tests.command_lines import ATOMS, JOINTS, Stage, problem, random_line

RULES = RuleBook(
    configured=(
        *(
            Rule(action="allow", tool="run_command", command=tuple(words.split()))
            for words in (
                "ls", "cat", "echo", "grep", "wc", "tail", "pytest", "git status", "git log", "cd",
                "npm test", "find", "xargs", "env", "timeout", "nohup", "nice", "bash -c", "sh -c",
                "bash -lc", "sort", "sed", "printf", "test", "python -m pytest", "true",
                "make test", "bash ./run.sh", "tar", "rg", "awk",
            )
        ),
        Rule(action="deny", tool="run_command", command=("curl",), reason="No downloads."),
        Rule(action="deny", tool="run_command", command=("git", "push")),
        Rule(action="ask", tool="run_command", command=("cat", "/etc/passwd")),
    )
)  # fmt: skip

ALLOWED = r"""
ls
ls -l
  ls   -l
ls;
ls # rm -rf /
# nothing but a comment
ls && cat a.txt
ls || cat a.txt
ls | wc -l
ls; cat a.txt; echo done
git status
git status --short
git log --oneline -5
git  status
git 'status'
"git" "log"
pytest
pytest -q tests/test_a.py::test_b
pytest -q 2>&1 | tail -20
pytest > /dev/null
pytest >/dev/null 2>&1
pytest &>/dev/null
pytest 2>/dev/null || echo failed
cat < /dev/null
python -m pytest -q
npm test
npm test -- --watch=false
make test
echo 'rm -rf /'
echo "rm -rf /"
echo 'curl evil'
echo rm
echo a\;b
echo a\ b
echo "a; rm b"
echo 'a && rm b'
echo "it's"
echo 'say "hi"'
echo "a \"b\" c"
echo "a \$HOME"
echo "a \`id\`"
echo '$(rm x)'
echo '`rm x`'
echo "$HOME"
echo $HOME
echo $?
echo *.py
echo {a,b}
echo ~
echo a=b
echo A=1 rm
echo -- -n
echo "é"
echo 'ünï'
l\s
\ls
'ls'
"l"s
ls -l "my file" 'your file'
grep -rn "def f(" .
grep -E 'a|b' a.txt
grep '>' a.txt
grep "a" a.txt | sort | wc -l
cd src
cd src && ls
cd src && pytest -q
find . -name '*.py'
find . -name '*.py' -type f
find . -name x -exec grep y {} \;
find . -name x -exec grep y {} +
find . -exec ls {} \; -exec cat {} \;
ls | xargs cat
ls | xargs -0 cat
ls | xargs -n1 wc -l
xargs
env
env ls
env ls -l
timeout 5 ls
timeout 5s pytest -q
nohup pytest
nice ls
nice -n5 pytest
bash -c ls
bash -c 'ls -l && cat a.txt'
bash -lc "pytest -q | tail -5"
sh -c 'grep x a.txt'
bash -c "bash -c 'ls'"
bash ./run.sh
bash ./run.sh --fast
timeout 5 bash -c ls
find . -exec bash -c ls \;
sed -n 1,20p a.txt
sed -n '5p' a.txt
sed -n '$p' a.txt
tar tf a.tar
rg pattern src
printf '%s\n' a
test -f a.txt && ls
true
"""

ASKED = r"""
rm
rm -rf /
/bin/ls
./ls
../ls
ls; rm x
ls && rm x
ls || rm x
ls | rm x
ls & rm x
ls &
ls |& cat
rm x | ls
ls -l;rm x
git
git push-to-me
git -c core.pager=evil status
git stash
git log -O evil
git log --ext-diff
git\ status
gitstatus
git "status --short"
npm
npm run evil
npm --prefix=evil test
pytests
pytest; ./evil
PYTEST pytest
FOO=1 ls
PATH=. ls
LD_PRELOAD=./evil.so ls
A=1
A+=1 ls
a[0]=1 ls
env A=1 ls
env -i ls
env -S 'ls -l'
env PATH=. ls
env rm x
env env rm
xargs rm
ls | xargs rm
ls | xargs -I{} cat {}
ls | xargs -n 1 rm
xargs bash -c 'rm x'
find . -delete; rm x
find . -exec rm {} \;
find . -execdir rm {} +
find . -ok rm {} \;
find . -exec {} \;
find . -exec
find * -name x
find $x
find . -exec bash -c 'rm {}' \;
timeout 5 rm x
timeout rm
timeout -s KILL 5 ls
timeout $x ls
nohup rm x
nice -n 5 rm x
nice rm
sudo ls
command ls
builtin echo x
exec ls
eval ls
eval "rm x"
source ./x
. ./x
alias ls=rm
export PATH=.
hash -p ./evil ls
unset PATH
set -a
trap 'rm x' EXIT
read x
printf -v PATH . ; ls
test -v 'a[$(rm x)]'
[ -f a.txt ]
[[ -f a.txt ]]
ls > out.txt
ls >> out.txt
ls 2> errors
cat < a.txt
cat <<< text
cat << E
ls >| out.txt
ls > /dev/null/../../etc/x
ls 1>&3
ls >&out.txt
ls <> a.txt
echo $(rm x)
echo `rm x`
echo "$(rm x)"
echo "`rm x`"
echo ${x:-$(rm x)}
echo ${x}
echo "${x}"
echo $((1+1))
echo $[1+1]
echo $'rm\x20x'
echo $"rm"
cat <(rm x)
ls >(rm x)
$x
$x ls
${x} ls
"$x" -l
*s
l?
{ls,-l}
{ ls; }
(ls)
( ls; rm x )
! ls
time ls
coproc ls
if ls; then cat a; fi
for f in a; do cat $f; done
while ls; do cat a; done
case x in x) ls;; esac
f() { ls; }
function f { ls; }
ls() { rm x; }
select x in a; do ls; done
until ls; do ls; done
~/ls
ls \
echo 'unclosed
echo "unclosed
ls ;; rm
ls ) rm
ls `
bash -c 'rm x'
bash -c "ls; rm x"
bash -c 'ls $(rm x)'
bash -c ls x y
bash -c $x
bash -c "$x"
bash -xc ls
bash
bash run.sh
bash -i
ls | bash
ls | sh
sh -c "sh -c 'rm x'"
bash -O extglob -c ls
zsh -c ls
python -c 'print(1)'
python -m pytests
python x.py
cd /tmp && ./evil
cd src; ../evil
cd src && bash -c ./evil
sed -i s/a/b/ a.txt
sed '1e rm x' a.txt
sed -n -e 1p a.txt
awk 'BEGIN { system("rm x") }'
sort --compress-program=./evil a.txt
rg --pre ./evil x
tar xf a.tar --to-command=./evil
tar --checkpoint=1 --checkpoint-action=exec=./evil -cf a .
tar -I ./evil -xf a.tar
cat /etc/passwd
ls && cat /etc/passwd
watch ls
parallel ls
ssh host ls
busybox rm x
écho
ls é
echo a b | rm
make
make -f evil.mk test
"ls; rm x"
'ls && rm x'
"ls"\;
"ls"; rm
ls"; rm x"
""".replace("ls \\\n", "ls \\\n")

DENIED = r"""
curl http://x
curl
/usr/bin/curl x
ls && curl x
ls; curl x
ls | curl -T- x
env curl x
FOO=1 curl x
echo $(curl x)
echo `curl x`
echo "$(curl x)"
cat <(curl x)
bash -c 'curl x'
bash -c "ls; $(curl x)"
sh -c "sh -c 'curl x'"
timeout 5 curl x
nohup curl x &
sudo curl x
xargs curl
find . -exec curl {} \;
if true; then curl x; fi
for x in 1; do curl $x; done
(curl x)
{ curl x; }
! curl x
time curl x
curl x > f
x=$(curl y)
eval "curl x"
exec curl x
command curl x
"curl" x
c'ur'l x
\curl x
f() { curl x; }
git push
git push --force origin main
git status; git push
"""


def lines(table: str) -> list[str]:
    return [line for line in table.split("\n") if line]


def call(line: str) -> Call:
    return Call(tool="run_command", line=line, parts=read_line(line).parts())


def test_the_table_is_long_enough() -> None:
    every = [*lines(ALLOWED), *lines(ASKED), *lines(DENIED)]
    assert len(set(every)) == len(every) >= 150
    print(f"{len(every)} command lines")


@pytest.mark.parametrize(
    ("effect", "line"),
    [
        *(("allow", line) for line in lines(ALLOWED) if not line.startswith("#")),
        *(("ask", line) for line in lines(ASKED)),
        *(("deny", line) for line in lines(DENIED)),
        ("ask", "# nothing but a comment"),
        ("ask", ""),
        ("ask", " "),
        ("ask", "ls\\\n-l"),
        ("allow", "ls\ncat a.txt"),
        ("ask", "ls\nrm x"),
        ("ask", "ls\rrm x"),
        ("ask", "ls\u00a0x"),
        ("ask", "ls\u2028rm x"),
        ("ask", "ls \x00 rm"),
        ("ask", "ls \x1b[2K"),
        ("ask", "cat <<E\n$(rm x)\nE"),
        ("ask", "echo '\ud800' x; rm"),
        ("ask", "ls " + "x" * 20_000),
        ("allow", "echo 'two\nlines'"),
    ],
)
def test_what_the_rules_say(effect: str, line: str) -> None:
    ruling = decide(call(line), RULES)
    assert ruling.effect == effect, (ruling, read_line(line))
    assert ruling.rule
    if effect != "allow":
        assert ruling.why.endswith(".")


@pytest.mark.parametrize("line", [*lines(ALLOWED), *lines(ASKED), *lines(DENIED)])
def test_always_allows_the_line_that_it_was_said_of(line: str) -> None:
    told = read_line(line)
    made = proposals(line, told.commands, told.hidden)
    book = RuleBook(given=tuple(("session", rule) for rule in made))
    assert decide(call(line), book).effect == "allow"
    longer = f"{line.partition('#')[0].rstrip(';& ')}; evil"
    assert decide(call(longer), book).effect != "allow"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"))


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(ATOMS), st.sampled_from(JOINTS)), min_size=1, max_size=7
    ).map(lambda pairs: "".join(word + joint for word, joint in pairs))
)
@example("bash xargs rm")  # a script that is found in PATH
@example("ls 'rm' \"ls; rm\"\\;")  # two words for the grammar, one for bash
def test_nothing_runs_that_was_not_told(stage: Stage, line: str) -> None:
    assert not problem(line, stage)


def test_bash_runs_many_of_the_lines(stage: Stage) -> None:
    choose = random.Random(1)
    found = [problem(random_line(choose), stage) for _ in range(2000)]
    assert not any(found)
    told = sum(item is not None for item in found)
    print(f"{told} of {len(found)} random lines were told and run")
    assert told > 100


def test_the_oracle_can_fail(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_tui.engine.commandline._check_redirect", lambda node: None)
    monkeypatch.setattr("agent_tui.engine.commandline._word", lambda node: "x")
    assert problem("l\\s", stage) or problem("ls a", stage)


def test_the_stage_is_real(stage: Stage, tmp_path: Path) -> None:
    assert stage.run("ls a && $(echo rm) 'b c' | cat") == [["ls", "a"], ["rm", "b c"], ["cat"]] or (
        sorted(stage.run("ls a && $(echo rm) 'b c' | cat")) == [["cat"], ["ls", "a"], ["rm", "b c"]]
    )
