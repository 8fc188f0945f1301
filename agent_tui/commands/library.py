"""``sessions show|search|verify|fork|compare|checkout|rename|tag|archive|delete``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, fail, options_of

if TYPE_CHECKING:
    from agent_tui.sessions.labels import Labels

ID = "a session's id or the beginning of it"
STEP = "ID@STEP: a number, a2 for attempt 2, or end"


def add(what: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""

    def command(
        name: str, words: str, run: Callable[[argparse.Namespace], int], *more: str
    ) -> argparse.ArgumentParser:
        above = [parents.common]
        if "models" in more:
            above.append(parents.models)
        if "headless" in more:
            above.append(parents.headless)
        parser = what.add_parser(name, help=words, description=words, parents=above)
        parser.set_defaults(run=run)
        return parser

    show = command("show", "one session, or its files at a step", _show)
    show.add_argument("session", metavar="ID[@STEP]", help=STEP)
    show.add_argument("--files", action="store_true", help="the paths of the files at that step")
    show.add_argument("--file", metavar="PATH", help="one file at that step")
    show.add_argument("--patch", action="store_true", help="the change at that step as a patch")
    search = command("search", "sessions in which words were asked, decided or found", _search)
    search.add_argument("words", nargs="+", help="all of them; a word may be cut off")
    verify = command("verify", "check records, stored texts, trees and approvals", _verify)
    verify.add_argument("ids", nargs="*", metavar="ID", help=f"{ID}; without it, all")
    fork = command(
        "fork",
        "a new session that begins as another one, up to a step",
        _fork,
        "models",
        "headless",
    )
    fork.add_argument("session", metavar="ID@STEP", help=STEP)
    fork.add_argument("--spec", type=Path, metavar="FILE", help="another spec, as Markdown")
    fork.add_argument("--reason", default="", help="why, in your words")
    compare = command("compare", "sessions side by side", _compare)
    compare.add_argument("ids", nargs="+", metavar="ID", help=ID)
    checkout = command("checkout", "a new worktree with the files of a step", _checkout)
    checkout.add_argument("session", metavar="ID@STEP", help=STEP)
    checkout.add_argument("folder", type=Path, metavar="DIR", help="new or empty")
    rename = command("rename", "give a session a name of its own", _rename)
    rename.add_argument("session", metavar="ID", help=ID)
    rename.add_argument("name", help='"" takes it away')
    tag = command("tag", "add tags to a session, or take them away", _tag)
    tag.add_argument("session", metavar="ID", help=ID)
    tag.add_argument("tags", nargs="+", metavar="TAG", help="-TAG takes it away")
    archive = command("archive", "leave a session out of lists", _archive)
    archive.add_argument("session", metavar="ID", help=ID)
    archive.add_argument("--undo", action="store_true", help="take it into lists again")
    delete = command("delete", "delete a session for good", _delete)
    delete.add_argument("session", metavar="ID", help=ID)
    delete.add_argument("--yes", action="store_true", help="without a question")


def _show(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import library  # noqa: PLC0415
    from agent_tui.domain.text import one_line, visible  # noqa: PLC0415
    from agent_tui.sessions.compare import compared  # noqa: PLC0415

    saved, position = library.at_step(options_of(arguments), arguments.session)
    if arguments.patch:
        sys.stdout.flush()
        sys.stdout.buffer.write(library.patch_at(saved, position))
        return OK
    if arguments.files or arguments.file:
        files = library.files_at(saved, position)
        if arguments.file:
            sys.stdout.flush()
            sys.stdout.buffer.write(files.read(arguments.file))
        else:
            print("\n".join(visible(path) for path in files.paths))
        return OK
    started = saved.started
    print(f"{'session':<12} {one_line(saved.id)} ({len(saved.log)} records)")
    if started is not None:
        print(f"{'request':<12} {one_line(started.request, 500)}")
        print(f"{'repository':<12} {one_line(started.repo.root, 500)}")
    for label, text in compared(saved).cells.items():
        if text != "–":
            print(f"{label:<12} {one_line(text, 500)}")
    for problem in saved.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    return FAILED if saved.problems else OK


def _search(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.sessions.catalog import Catalog  # noqa: PLC0415

    options = options_of(arguments)
    catalog = Catalog(open_store(options, load_configuration(options, None)))
    try:
        catalog.refresh()
        hits = catalog.search(" ".join(arguments.words))
    finally:
        catalog.close()
    for hit in hits:
        print(f"{hit.summary.id:<24} {hit.summary.state:<16} {one_line(hit.summary.title, 60)}")
        print(f"{'':<24} {one_line(hit.excerpt, 110)}")
    if not hits:
        print("no session says that", file=sys.stderr)
    return OK if hits else FAILED


def _verify(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.bootstrap.library import verify_session  # noqa: PLC0415
    from agent_tui.sessions.files import LogError  # noqa: PLC0415

    options = options_of(arguments)
    names = arguments.ids
    if not names:
        names = open_store(options, load_configuration(options, None)).ids()
    bad = 0
    for name in names:
        try:
            report = verify_session(options, name)
        except LogError as error:
            if arguments.ids:
                raise
            print(f"{name:<24} {error}")
            bad += 1
            continue
        word = "DAMAGED" if report.problems else "good"
        print(
            f"{report.session:<24} {word}: {report.records} records, {report.blobs} stored texts, "
            f"{report.approvals} approvals, {len(report.commits)} commits"
        )
        for problem in report.problems:
            print(f"  {problem}")
        for note in report.notes:
            print(f"  note: {note}")
        bad += bool(report.problems)
    if not names:
        print("no sessions yet", file=sys.stderr)
    return FAILED if bad else OK


def _fork(arguments: argparse.Namespace) -> int:
    import asyncio  # noqa: PLC0415 - not needed for --help and --version

    from agent_tui.bootstrap import library, open_environment, resume_session  # noqa: PLC0415
    from agent_tui.headless import run_headless  # noqa: PLC0415

    spec = ""
    if arguments.spec is not None:
        try:
            spec = arguments.spec.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return fail(f"cannot read {arguments.spec}: {error}")
    options = options_of(arguments)

    async def go() -> int:
        saved, position = await asyncio.to_thread(library.at_step, options, arguments.session)
        env = await open_environment(options)
        wish = library.ForkWish(arguments.reason, spec)
        new_id = await library.fork_session(env, saved, position, wish, headless=arguments.headless)
        if not arguments.headless:
            print(new_id)
            print(f"go on with: agent-tui resume {new_id}", file=sys.stderr)
            return OK
        session = await resume_session(env, new_id)
        return await run_headless(session, as_json=arguments.json)

    return asyncio.run(go())


def _compare(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import look_at  # noqa: PLC0415
    from agent_tui.domain.text import one_line  # noqa: PLC0415
    from agent_tui.sessions.compare import compared  # noqa: PLC0415

    columns = []
    for name in arguments.ids:
        saved = look_at(options_of(arguments), name)
        saved.read_all()
        columns.append(compared(saved))
    width = max(16, min(44, 120 // max(1, len(columns)) - 2))
    print(f"{'':<12} " + "  ".join(f"{one_line(c.id, width):<{width}}" for c in columns))
    for label in columns[0].cells:
        cells = [one_line(column.cells[label], width) for column in columns]
        if any(cell != "–" for cell in cells):
            print(f"{label:<12} " + "  ".join(f"{cell:<{width}}" for cell in cells).rstrip())
    return OK


def _checkout(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import library  # noqa: PLC0415

    saved, position = library.at_step(options_of(arguments), arguments.session)
    tree = library.check_out(saved, position, arguments.folder)
    print(f"step {position} of {saved.id}: tree {tree[:12]} in {arguments.folder}")
    return OK


def _label(arguments: argparse.Namespace, change: Callable[[Labels], Labels]) -> int:
    from agent_tui.bootstrap import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.sessions.labels import read_labels, write_labels  # noqa: PLC0415

    options = options_of(arguments)
    store = open_store(options, load_configuration(options, None))
    folder = store.path(store.resolve(arguments.session))
    if not folder.is_dir():
        return fail(f"{folder} is packed into one file, which has no room for labels")
    write_labels(folder, change(read_labels(folder)))
    return OK


def _rename(arguments: argparse.Namespace) -> int:
    from dataclasses import replace  # noqa: PLC0415

    return _label(arguments, lambda labels: replace(labels, name=arguments.name.strip()[:200]))


def _tag(arguments: argparse.Namespace) -> int:
    from dataclasses import replace  # noqa: PLC0415

    def change(labels: Labels) -> Labels:
        tags = dict.fromkeys(labels.tags)
        for tag in arguments.tags:
            if tag.startswith("-"):
                tags.pop(tag[1:], None)
            else:
                tags[tag] = None
        return replace(labels, tags=tuple(tags))

    return _label(arguments, change)


def _archive(arguments: argparse.Namespace) -> int:
    from dataclasses import replace  # noqa: PLC0415

    return _label(arguments, lambda labels: replace(labels, archived=not arguments.undo))


def _delete(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.library import delete, would_free  # noqa: PLC0415

    freed = would_free(options_of(arguments), arguments.session)
    size = f"{freed.size / 1_000_000:.1f} MB"
    what = f"{freed.folder}" + (f" and its worktree {freed.worktree}" if freed.worktree else "")
    if not arguments.yes:
        if not sys.stdin.isatty():
            return fail(f"this would delete {what} ({size}); add --yes to do it")
        print(f"This deletes {what}: {size}. Its commits and its branch stay.")
        if input("Delete it? Type yes: ").strip().lower() != "yes":
            print("nothing was deleted")
            return FAILED
    done = delete(freed)
    print(f"deleted {freed.folder.name}: {size} and {done.refs} refs freed")
    return OK
