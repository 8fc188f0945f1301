"""AGENTS.md and decision records: where they go, what the planner is told, the same gates."""

import json

import pytest
from engine_helpers import Repo, Say, Starter, review, spec

from agent_tui.domain import events as e
from agent_tui.domain.decision import Answer, Approve, GateKind, Reject
from agent_tui.domain.document import Document
from agent_tui.domain.turn import ModelError
from agent_tui.engine.documents import next_record, slug

pytestmark = pytest.mark.anyio

OK = Approve()
REST: tuple[tuple[GateKind, Answer], ...] = (("diff", OK), ("verdict", OK), ("message", OK))
MADR = """---
status: proposed
---

# Use sqlite

## Context and Problem Statement

Where do rows go?

## Considered Options

* sqlite
* files

## Decision Outcome

Chosen option: "sqlite", because it is there.
"""


def wrote(text: str, **fields: object) -> Say:
    answer = {"text": text, "summary": "It is said.", "commit_message": "Say it", **fields}
    return Say(json.dumps(answer))


@pytest.mark.parametrize(
    ("paths", "adr_dir", "path", "example"),
    [
        ([], "", "docs/decisions/0001-use-sqlite.md", ""),
        (["README.md", "docs/adr/README.md"], "", "docs/adr/0001-use-sqlite.md", ""),
        (
            ["doc/adr/0001-a.md", "doc/adr/0009-b.md"],
            "",
            "doc/adr/0010-use-sqlite.md",
            "doc/adr/0009-b.md",
        ),
        (
            ["docs/adr/001-a.md", "docs/adr/002-b.md", "docs/adr/adr-template.md"],
            "",
            "docs/adr/003-use-sqlite.md",
            "docs/adr/adr-template.md",
        ),
        (["docs/decisions/0000-template.md"], "", "docs/decisions/0001-use-sqlite.md",
         "docs/decisions/0000-template.md"),
        (["docs/adr/0001-a.md"], "etc/records\n", "etc/records/0001-use-sqlite.md", ""),
        (["docs/adr/0001-a.md"], "../evil\n", "docs/adr/0002-use-sqlite.md", "docs/adr/0001-a.md"),
        (["server/docs/adr/0004-a.md"], "", "server/docs/adr/0005-use-sqlite.md",
         "server/docs/adr/0004-a.md"),
        (["migrations/0001-init.md", "migrations/0002-x.md"], "",
         "docs/decisions/0001-use-sqlite.md", ""),
    ],
)  # fmt: skip
def test_where_the_next_record_goes(
    paths: list[str], adr_dir: str, path: str, example: str
) -> None:
    made = next_record(paths, "Use SQLite!", adr_dir)
    assert (made.path, made.example) == (path, example)


def test_file_names_of_titles() -> None:
    assert slug("Über-Größe: „a/b“ ../..") == "uber-groe-a-b"
    assert slug("決定") == "decision"
    assert len(slug("word " * 50)) <= 60


async def test_a_decision_record_goes_through_the_gates(repo: Repo, starting: Starter) -> None:
    repo.put("docs/adr/0001-begin.md", "# Begin\n\n## Context\n\nOur own form.\n")
    repo.commit("records")
    session = await starting(
        planner=[
            wrote("# Use sqlite\n\n## Context\n\nRows.\n"),
            wrote("# Use sqlite\n\n## Context\n\nMany.\n"),
        ],
        reviewer=[review()],
        document=Document(kind="adr", title="Use sqlite"),
        gates={"spec": "auto"},
    )  # fmt: skip
    await session.run(("diff", Reject(reason="Say how many.")), *REST)
    assert repo.show("HEAD", "docs/adr/0002-use-sqlite.md").endswith("Many.")
    assert repo.git("show", "--format=%s", "--name-only", "HEAD").split() == [
        "Say", "it", "docs/adr/0002-use-sqlite.md",
    ]  # fmt: skip
    first, second = session.models["planner"].openings
    assert "It is docs/adr/0002-use-sqlite.md." in first
    assert "Our own form." in first
    assert "Say how many." in second
    assert "Its present text\n\n# Use sqlite" in second
    assert session.models["coder"].requests == []
    proposed = session.events(e.AttemptProposed)
    assert [p.author for p in proposed] == ["planner", "planner"]
    assert session.state.spec is not None
    assert session.state.spec.author == "engine"
    assert session.state.spec.spec.files == ("docs/adr/0002-use-sqlite.md",)
    assert "What it says of the code is true of the code." in session.models["reviewer"].openings[0]


async def test_a_record_without_the_form_of_madr_is_refused(starting: Starter) -> None:
    session = await starting(
        planner=[wrote("# Use sqlite\n\nBecause.\n"), wrote(MADR)],
        reviewer=[review()],
        document=Document(kind="adr", title="Use sqlite"),
        gates={"spec": "auto"},
    )
    await session.run(("fault", OK), *REST)
    failed = next(s for s in session.events(e.StepFinished) if s.outcome == "failed")
    assert "Context and Problem Statement" in failed.detail
    assert session.repo.show("HEAD", "docs/decisions/0001-use-sqlite.md") == MADR.strip()


async def test_agents_md_is_updated(repo: Repo, starting: Starter) -> None:
    repo.put("AGENTS.md", "# Old\n\nKeep this.\n")
    repo.commit("agents")
    session = await starting(
        planner=[wrote("# Here\n\nKeep this.\n", unsure=["how to deploy"])],
        reviewer=[review()],
        document=Document(kind="agents-md"),
        gates={"spec": "auto"},
    )
    await session.run(*REST)
    opening = session.models["planner"].openings[0]
    assert "# Its present text\n\n# Old" in opening
    assert repo.show("HEAD", "AGENTS.md") == "# Here\n\nKeep this."
    report = session.events(e.AttemptProposed)[0].report
    assert report is not None
    assert report.unsure == ("how to deploy",)
    assert {t.name for t in session.models["planner"].requests[0].tools} == {
        "list_files", "read_file", "search", "git_log", "git_blame",
    }  # fmt: skip


async def test_without_a_document_the_planner_plans(starting: Starter) -> None:
    session = await starting(planner=[spec(), ModelError("server", "gone")])
    waiting = await session.until_waiting()
    assert waiting.gates[-1].kind == "spec"
