"""The other formats, each held against something that we did not write."""

import http.server
import json
import re
import subprocess
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from agent_tui.domain import events as e
from agent_tui.sessions.exporters.export import FORMATS
from agent_tui.sessions.exporters.otlp import send_otlp
from agent_tui.sessions.exporters.prepare import ExportError, Prepared, removed_words
from agent_tui.sessions.importers.load import Context, load
from agent_tui.sessions.redact import Redactor
from agent_tui.sessions.replay import fold
from tests.exporters.exporting import SHIPPED, base_of, git, hostile, imported, made, shipped
from tests.importers.importing import Claude

TEXTS = [name for name in FORMATS if name != "bundle"]


def edited(folder: Path, secret: str = "nothing") -> Path:
    claude = Claude()
    claude.asks(f"Use {secret} here")
    claude.edit("m1", "/home/dev/roman/a.py", "a\n", "a", f"key = '{secret}'")
    claude.asks("And now?")
    claude.edit("m2", "/home/dev/roman/b.py", "one\ntwo\n", "two", "zwei")
    return claude.write(folder)


# -- all of them -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", TEXTS)
def test_secrets_are_taken_out_once_more_and_said(format: Any, tmp_path: Path) -> None:
    secret = "correct-horse-battery"
    prepared = imported(edited(tmp_path, secret), {"MY_API_KEY": secret})
    data = made(prepared, format)
    assert secret.encode() not in data
    assert b"redacted MY_API_KEY" in data
    assert re.fullmatch(
        r"\d+ secrets taken out: \[redacted MY_API_KEY\] ×\d+", removed_words(prepared)
    )


@pytest.mark.parametrize("format", TEXTS)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_session_without_secrets_loses_nothing(format: Any, name: str) -> None:
    prepared = shipped(name)
    assert removed_words(prepared) == ""
    assert len(made(prepared, format)) > 1000


@pytest.mark.parametrize("format", ["markdown", "patch", "asciinema"])
def test_nothing_hostile_reaches_a_terminal(format: Any, tmp_path: Path) -> None:
    text = made(hostile(tmp_path), format).decode()
    if format == "patch":
        text = text.partition("\n---\n")[0]  # the patch itself is exact
    if format == "asciinema":
        lines = [json.loads(line) for line in text.splitlines()]
        text = re.sub(r"\x1b\[[0-9]+m", "", "".join(str(line[2]) for line in lines[1:]))
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", text)


# -- patch and bundle ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_the_patch_leads_to_the_committed_tree(name: str, tmp_path: Path) -> None:
    prepared = shipped(name)
    folder = base_of(tmp_path / "work")
    assert git("write-tree", at=folder).strip() == prepared.state.revisions[-1].base_tree
    git("apply", "--index", "-", at=folder, data=made(prepared, "patch"))
    assert prepared.state.commit is not None
    assert git("write-tree", at=folder).strip() == prepared.state.commit.tree


def test_the_patches_of_an_imported_session_apply_in_their_order(tmp_path: Path) -> None:
    prepared = imported(edited(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").write_text("a\n")
    (work / "b.py").write_text("one\ntwo\n")
    git("apply", "-", at=work, data=made(prepared, "patch"))
    assert (work / "b.py").read_text() == "one\nzwei\n"


def test_a_session_without_a_change_has_no_patch(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Nothing")
    with pytest.raises(ExportError, match="no change yet"):
        made(imported(claude.write(tmp_path)), "patch")


# -- Markdown --------------------------------------------------------------------------------------


def kinds(tokens: Any) -> set[str]:
    found = set()
    for token in tokens:
        found.add(token.type)
        found |= kinds(token.children or ())
    return found


def test_markdown_from_outside_is_inert(tmp_path: Path) -> None:
    text = made(hostile(tmp_path), "markdown").decode()
    text = re.sub(r"(?s)<details>.*?</details>", "", text)  # ours, with the fenced patch in it
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert not kinds(tokens) & {"html_block", "html_inline", "image", "link_open"}
    assert "@everyone" not in text


def test_a_patch_cannot_end_its_fence(tmp_path: Path) -> None:
    claude = Claude()
    claude.asks("Go")
    claude.edit("m1", "/home/dev/roman/a.md", "a\n", "a", "```\n````\n# Owned\n```")
    text = made(imported(claude.write(tmp_path)), "markdown").decode()
    tokens = MarkdownIt("commonmark").parse(text)
    fences = [t.content for t in tokens if t.type == "fence"]
    assert len(fences) == 1
    assert "+# Owned" in fences[0]


def test_the_review_says_who_decided_what() -> None:
    text = made(shipped("person-steps-in"), "markdown").decode()
    for part in ("## Checks", "## Findings", "## Decisions", "rejected by the person", "waived"):
        assert part in text


# -- ATIF ------------------------------------------------------------------------------------------


def all_of(folder: Path) -> list[Prepared]:
    return [*map(shipped, SHIPPED), imported(edited(folder)), hostile(folder)]


def test_atif_is_valid_by_its_published_models(tmp_path: Path) -> None:
    atif = pytest.importorskip("atif", reason="the package atif is not installed")
    for prepared in all_of(tmp_path):
        value = json.loads(made(prepared, "atif"))
        trajectory = atif.Trajectory.model_validate(value)
        assert trajectory.schema_version == "ATIF-v1.7"
        broken = {**value, "surprise": 1}
        with pytest.raises(ValueError, match="surprise"):
            atif.Trajectory.model_validate(broken)


def test_a_session_comes_back_from_atif(tmp_path: Path) -> None:
    for number, prepared in enumerate(all_of(tmp_path)):
        path = tmp_path / f"{number}.json"
        path.write_bytes(made(prepared, "atif"))
        records, blob, account = load(path, Context(Redactor({})))
        before, after = prepared.state, fold(records)
        assert account.complete
        assert after.session is not None
        assert before.session is not None
        assert after.session.request == before.session.request
        assert after.requests == before.requests
        assert after.specs == before.specs
        assert [r.tree for r in after.revisions] == [r.tree for r in before.revisions]
        assert [r.report for r in after.revisions] == [r.report for r in before.revisions]
        assert [blob(r.patch) for r in after.revisions] == [
            prepared.patches[r.patch.digest] for r in before.revisions
        ]
        assert after.ledger == before.ledger
        assert [d.event for d in after.decisions] == [d.event for d in before.decisions]
        assert [d.actor for d in after.decisions] == [d.actor for d in before.decisions]
        assert (after.usage, after.cost) == (before.usage, before.cost)
        assert after.commit == before.commit
        for kind in (e.ToolCalled, e.ToolReturned):
            told = [r.event for r in records if isinstance(r.event, kind)]
            first = [r.event for r in prepared.records if isinstance(r.event, kind)]
            assert [t.model_dump(exclude={"step"}) for t in told] == [
                t.model_dump(exclude={"step"}) for t in first
            ]


# -- asciinema -------------------------------------------------------------------------------------


def test_a_recording_plays_in_a_terminal() -> None:
    pyte = pytest.importorskip("pyte", reason="pyte, a terminal in Python, is not installed")
    recording = made(shipped("second-attempt-passes"), "asciinema").splitlines()
    header, *events = map(json.loads, recording)
    screen = pyte.Screen(header["term"]["cols"], header["term"]["rows"])
    stream = pyte.Stream(screen)
    for _, code, data in events:
        if code == "o":
            stream.feed(data)
    assert "committed" in "\n".join(screen.display)


def test_a_recording_has_a_marker_at_each_decision() -> None:
    prepared = shipped("second-attempt-passes")
    header, *events = [json.loads(line) for line in made(prepared, "asciinema").splitlines()]
    assert header["version"] == 3
    assert set(header["term"]) >= {"cols", "rows"}
    assert all(0 <= interval <= 2.0 and code in "oimrx" for interval, code, _ in events)
    markers = [data for _, code, data in events if code == "m"]
    gates = [r for r in prepared.records if isinstance(r.event, e.GateOpened)]
    assert len([m for m in markers if m.endswith(" gate")]) == len(gates)
    assert "attempt 2" in markers
    assert events[-1] == [events[-1][0], "x", "0"]


# -- OpenTelemetry ---------------------------------------------------------------------------------


def parsed(data: bytes) -> Any:
    """The request as OpenTelemetry's own message reads it."""
    pytest.importorskip("opentelemetry.proto", reason="opentelemetry-proto is not installed")
    from base64 import b64encode

    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    value = json.loads(data)
    for resource in value["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:  # OTLP has these in hexadecimal, protobuf's JSON in base64
                        span[name] = b64encode(bytes.fromhex(span[name])).decode()
    return json_format.ParseDict(value, trace_service_pb2.ExportTraceServiceRequest())


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


@pytest.mark.parametrize("name", SHIPPED)
def test_spans_are_read_by_opentelemetry_itself(name: str) -> None:
    prepared = shipped(name)
    message = parsed(made(prepared, "otlp"))
    spans = message.resource_spans[0].scope_spans[0].spans
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans)
    assert len({span.trace_id for span in spans}) == 1
    assert [s.name for s in spans if not s.parent_span_id] == ["invoke_agent agent-tui"]
    assert all(s.parent_span_id in ids for s in spans if s.parent_span_id)
    assert all(s.start_time_unix_nano <= s.end_time_unix_nano for s in spans)
    chats = [attributes(s) for s in spans if s.name.startswith("chat")]
    usage = prepared.state.usage
    assert sum(c["gen_ai.usage.input_tokens"] for c in chats) == usage.input_tokens
    assert {c["gen_ai.provider.name"] for c in chats} == {"scripted"}
    tools = [s for s in spans if s.name.startswith("execute_tool")]
    called = [r for r in prepared.records if isinstance(r.event, e.ToolCalled)]
    assert len(tools) == len(called) > 0
    decisions = [x for x in spans[0].events if x.name == "agent_tui.gate.decided"]
    assert len(decisions) == len(prepared.state.decisions)


class Collector(http.server.BaseHTTPRequestHandler):
    got: list[tuple[str, str, bytes]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"{}" if self.status == 200 else b"no thanks\x1b[31m")

    def log_message(self, *_: Any) -> None:
        pass


def test_spans_reach_a_collector() -> None:
    Collector.got.clear()
    data = made(shipped(SHIPPED[0]), "otlp")
    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            Collector.status = 200
            assert send_otlp(data, address) == f"{address}/v1/traces"
            Collector.status = 400
            with pytest.raises(ExportError, match=r"answered 400: no thanks␛\[31m"):
                send_otlp(data, f"{address}/other")
        finally:
            server.shutdown()
            thread.join()
    assert Collector.got[0] == ("/v1/traces", "application/json", data)
    with pytest.raises(ExportError, match="cannot reach"):
        send_otlp(data, address)
    with pytest.raises(ExportError, match="no address"):
        send_otlp(data, "file:///etc/passwd")


def test_times_do_not_depend_on_the_machine() -> None:
    """Nanoseconds are exact: a float would lose the last digits."""
    prepared = shipped(SHIPPED[0])
    spans = json.loads(made(prepared, "otlp"))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    first = prepared.records[0].at
    assert int(spans[0]["startTimeUnixNano"]) % 1_000_000_000 == first.microsecond * 1000
    assert first.utcoffset() == timedelta(0)


# -- the commands ----------------------------------------------------------------------------------


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    import sys

    return subprocess.run(
        [sys.executable, "-m", "agent_tui", "sessions", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_from_a_foreign_file_to_a_bundle_by_commands(tmp_path: Path) -> None:
    path = edited(tmp_path)
    store = str(tmp_path / "store")
    told = command(tmp_path, "import", str(path), "--sessions", store)
    assert told.returncode == 0, told.stderr
    assert "4 lines" not in told.stdout
    session = told.stdout.rpartition("agent-tui replay ")[2].strip()
    done = command(
        tmp_path, "export", session, "--sessions", store, "--format", "bundle", "-o", "x.bundle"
    )
    assert done.returncode == 0, done.stderr
    git("clone", "-q", "x.bundle", "clone", at=tmp_path)
    assert (tmp_path / "clone" / "b.py").read_text() == "one\nzwei\n"
    again = command(
        tmp_path, "export", session, "--sessions", store, "--format", "bundle", "-o", "x.bundle"
    )
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path) -> None:
    for words, said in (
        (("export", "no-such-session"), "no session begins"),
        (("export", SHIPPED[0], "--endpoint", "http://localhost:1"), "--format otlp"),
        (("import", "nowhere"), "nothing at nowhere"),
    ):
        done = command(tmp_path, *words)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr
