"""Secrets: found in every string, object names left alone, in linear time."""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain import events as e
from agent_tui.domain.own_secrets import checked
from agent_tui.sessions import codec
from agent_tui.sessions.clock import SystemClock
from agent_tui.sessions.log import SessionLog
from agent_tui.sessions.redact import Redactor, secrets_of

PLAIN = Redactor({})
B = "-----BEGIN "
E = "-----END "


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("ANTHROPIC_API_KEY", "abcdefgh", True),
        ("OPENAI_APIKEY", "abcdefgh", True),
        ("github_token", "abcdefgh", True),
        ("DB_PASSWORD", "abcdefgh", True),
        ("AWS_SECRET_ACCESS_KEY", "abcdefgh", True),
        ("MY_CREDENTIALS", "abcdefgh", True),
        ("DB_PASSWORD", "short", False),
        ("PATH", "/usr/bin:/bin", False),
        ("PWD", "/home/me/project", False),
        ("OLDPWD", "/home/me/project", False),
        ("SSH_AUTH_SOCK", "/run/user/1/agent", False),
        ("SSH_KEY_PATH", "/home/me/.ssh/id", False),
        ("TOKENIZERS_PARALLELISM", "false-false", False),
        ("MONKEYS", "abcdefghi", True),  # a key by its end: rather one too many
        ("GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568", True),
        ("COMMIT_KEY", "a" * 40, False),  # like an object name
        ("SECRET_MODE", "cancelled", False),  # one of the log's own words
    ],
)
def test_which_variables_are_secret(name: str, value: str, secret: bool) -> None:
    assert (value in secrets_of({name: value})) == secret


def test_values_of_variables_are_replaced_by_the_names() -> None:
    redactor = Redactor(
        {"A_TOKEN": "hunter2hunter2", "B_TOKEN": "hunter2hunter2more", "X": "y" * 9}
    )
    text = "hunter2hunter2more, hunter2hunter2! yyyyyyyyy"
    assert redactor.text(text) == "[redacted B_TOKEN], [redacted A_TOKEN]! yyyyyyyyy"


def test_a_value_that_stands_inside_an_object_name_does_not_break_it() -> None:
    redactor = Redactor({"A_TOKEN": "deadbeef"})
    name = "deadbeef" * 5
    assert redactor.text(f"tree {name} deadbeef") == f"tree {name} [redacted A_TOKEN]"


# Put together here, so that no scanner takes these lines for real ones.
SHAPES = [
    "sk-" + "ant-api03-" + "Ab1_" * 10,
    "sk-" + "proj-" + "aB3" * 12,
    "sk-" + "0123456789abcdefghij",
    "gh" + "p_" + "a1B2" * 9,
    "github" + "_pat_" + "a1B2_" * 9,
    "gl" + "pat-" + "a1B2-" * 4,
    "xox" + "b-" + "1234567890-abc",
    "AK" + "IA" + "ABCDEFGHIJKLMNOP",
    "AI" + "za" + "a1B2-" * 7,
    "np" + "m_" + "a1B2" * 9,
    "h" + "f_" + "a1B2" * 9,
    "pypi" + "-" + "AgEIcHlwaS5vcmc" * 4,
    "ey" + "JhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".s1gn-ature",
]


@pytest.mark.parametrize("secret", SHAPES)
@pytest.mark.parametrize(
    "around", ["{}", "key={}", '"{}"', "({})", "\n{}\n", "a {} b", "{}.", "x:{},", "é{}é"]
)
def test_shapes_of_keys(secret: str, around: str) -> None:
    got = PLAIN.text(around.format(secret))
    assert secret not in got
    assert got.rstrip(".,") == around.format("[redacted]").rstrip(".,")


def test_bearer_and_passwords_in_urls() -> None:
    assert PLAIN.text("Authorization: Bearer abc.def-123_456~789==") == (
        "Authorization: Bearer [redacted]"
    )
    assert PLAIN.text("https://me:s3cret@example.org/x.git") == (
        "https://[redacted]@example.org/x.git"
    )
    for harmless in (
        "a bearer of responsibility-for-everything",
        "https://example.org:8080/a@b",
        "git@example.org:me/x.git",
        "task-management-component-1234567890",
        "sk-learn-like-estimator-classes",
        "1" * 40,
        "ghp_short",
    ):
        assert PLAIN.text(harmless) == harmless


def test_private_keys() -> None:
    kinds = ("", "RSA ", "OPENSSH ", "EC ")
    for kind in kinds:
        key = f"{B}{kind}PRIVATE KEY-----\nMIIabc+/=\nxyz\n{E}{kind}PRIVATE KEY-----"
        assert PLAIN.text(f"a {key} b {key} c") == "a [redacted] b [redacted] c"
    cut = f"{B}PRIVATE KEY-----\n" + "MIIabcdefghijklmnop\n" * 3
    assert PLAIN.text(f"a {cut}and then text") == "a [redacted]\nand then text"
    assert PLAIN.text(f"say {B}PRIVATE KEY----- here") == "say [redacted] here"
    public = f"{B}PUBLIC KEY-----\nMII\n{E}PUBLIC KEY-----"
    assert PLAIN.text(public) == public


@given(st.text(), st.sampled_from(SHAPES), st.text())
def test_redacting_twice_changes_nothing_more(before: str, secret: str, after: str) -> None:
    once = PLAIN.text(f"{before} {secret} {after}")
    assert secret not in once
    assert PLAIN.text(once) == once


@given(st.text(alphabet="0123456789abcdef", min_size=40, max_size=40))
def test_object_names_stay(name: str) -> None:
    redactor = Redactor({"A_KEY": name[5:15], "B_KEY": name[:8]})
    for text in (name, f"tree {name}\n", f'"{name}"', f"{name}..{name}", f"{name}:src/a.py"):
        assert redactor.text(text) == text


HARD = [
    "sk-" * 40_000,
    "sk-a" * 30_000,
    "eyJaaaaaaaaaa." * 10_000,
    "Bearer " * 20_000,
    "bearer aaaaaaaa" * 10_000,
    "://a" * 30_000,
    f"{B}PRIVATE KEY-----" * 5_000,
    f"{B}PRIVATE KEY-----\n{'a' * 64}\n" * 1_500,
    "a" * 120_000,
    "a1b2c3d4" * 15_000,
    "xoxb-" * 30_000,
    " \t" * 60_000,
]


def test_time_is_linear() -> None:
    """All of these within a few seconds of processor time: squared, each takes minutes."""
    code = (
        "import json, sys\n"
        "from agent_tui.sessions.redact import Redactor\n"
        "redactor = Redactor({'A_KEY': 'a1b2c3d4e5'})\n"
        "for text in json.load(sys.stdin): print(len(redactor.text(text)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(HARD),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (30, 30)),
    )
    assert len(done.stdout.split()) == len(HARD)


@pytest.mark.anyio
async def test_nothing_secret_reaches_the_disk_and_callers_see_what_is_written(
    tmp_path: Path,
) -> None:
    redactor = Redactor({"A_TOKEN": "hunter2hunter2"})
    log = SessionLog.create(tmp_path / "x", clock=SystemClock(), redactor=redactor)
    seen: list[e.Record] = []
    log.subscribe(seen.append)
    async with log:
        event = e.ToolCalled(
            step="s",
            call="c",
            name="run",
            arguments={"env": [{"hunter2hunter2": SHAPES[0]}], "n": 1},
        )
        record = await log.append(event, "coder")
        patch = b"+token = hunter2hunter2\n"
        ref = await log.put_blob(patch)
        assert log.read_blob(ref) == patch  # exact to the byte
    wanted = e.ToolCalled(
        step="s",
        call="c",
        name="run",
        arguments={"env": [{"[redacted A_TOKEN]": "[redacted]"}], "n": 1},
    )
    assert record.event == wanted
    assert seen == [record]
    written = (tmp_path / "x" / "events.jsonl").read_text()
    assert "hunter2" not in written
    assert SHAPES[0] not in written


@given(
    st.lists(
        st.one_of(
            st.sampled_from(SHAPES), st.text(max_size=30), st.sampled_from(["://", "@", ":"])
        ),
        max_size=6,
    )
)
def test_a_long_text_is_read_as_closely_as_a_short_one(parts: list[str]) -> None:
    redactor = Redactor({"SOME_TOKEN": "first-of-all-secrets"})
    text = " ".join([*parts, "first-of-all-secrets"] if len(parts) % 2 else parts)
    long = text + " " * 300
    assert redactor.text(long) == redactor._pattern.sub(redactor._replace, long)


@given(
    st.lists(st.text(min_size=8, max_size=12), max_size=2),
    st.sampled_from(
        [*SHAPES, "://me:s3cret@", "Bearer abc.def-123_456~789", f"{B}PRIVATE KEY-----"]
    ),
    st.text(max_size=4),
    st.integers(0, 3),
)
def test_the_quick_look_never_misses_what_the_closer_one_finds(
    values: list[str], shape: str, around: str, what: int
) -> None:
    """It looks at JSON, where quotes, backslashes and control characters stand otherwise."""
    redactor = Redactor({f"A_TOKEN_{place}": value for place, value in enumerate(values)})
    text = "harmless" if what == 0 else shape if what == 1 else "".join(values[: what - 1])
    event = e.ToolCalled(step="s", call="c", name="n", arguments={around: [around + text + around]})
    plain = codec.plain(event)
    got, data = codec.redacted(event, redactor)
    assert codec.plain(got) == redactor.data(plain)
    assert json.loads(data) == codec.plain(got)
    quick = (
        event.__pydantic_serializer__.to_json(event, exclude={"type"}) if text.isascii() else b""
    )
    if what == 1 and quick:
        assert redactor.may_touch(quick)


def test_shapes_of_ones_own() -> None:
    redactor = Redactor({}, (), ("acme_*", "CUST-????-x?"))
    long = "so it goes " * 40
    for told, kept in (
        ("key acme_Zq9/x+A== end", "key [redacted] end"),
        ("acme_abc", "acme_abc"),
        ("my_acme_a1b2c3 xacme_a1b2c3", "my_[redacted] xacme_a1b2c3"),
        ("CUST-12ab-x9, CUST-12ab-y9", "[redacted], CUST-12ab-y9"),
    ):
        assert redactor.text(told) == kept
        assert redactor.text(long + told) == long + kept
        assert redactor.may_touch(f'"{told}"'.encode()) or told == kept


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("a*b*", "only at the end"),
        ("abc*", "too short"),
        ("abcdefg", "too short"),
        ("my key 12", "' ' cannot be looked for"),
        ('say"hello', "cannot be looked for"),
        ("abcdef12", "a commit's name"),
        ("gate-*", "a word of the log itself"),
        ("input_*", "a word of the log itself"),
        ("approved?*", ""),
    ],
)
def test_a_shape_that_would_damage_the_log_is_refused(shape: str, words: str) -> None:
    if not words:
        assert checked(shape) == shape
        return
    with pytest.raises(ValueError, match=re.escape(words)):
        checked(shape)


@given(st.text("acme_*-?", min_size=8, max_size=30), st.integers(1, 4))
def test_a_shape_takes_linear_time(shape: str, times: int) -> None:
    """A shape that is taken compiles, and a text of its own letters is gone through to the end."""
    try:
        checked(shape)
    except ValueError:
        return
    Redactor({}, (), (shape,)).text("acme_-" * 20_000 * times)
