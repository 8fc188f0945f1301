"""``sessions show|search|verify|checkout|rename|tag|archive|delete``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.commands.common import FAILED, OK, Parents, Subparsers, fail, options_of
from agent_tui.commands.fork import STEP
from agent_tui.commands.output import write_exact

if TYPE_CHECKING:
    from agent_tui.sessions.labels import Labels

ID = "a session's id or the beginning of it"


def add(what: Subparsers[argparse.ArgumentParser], parents: Parents) -> None:
    """Say what the commands take."""

    def command(
        name: str, words: str, run: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        parser = what.add_parser(name, help=words, description=words, parents=[parents.common])
        parser.set_defaults(run=run)
        return parser

    show = command("show", "one session, or its files at a step", _show)
    show.add_argument("session", metavar="ID[@STEP]", help=STEP)
    what_of = show.add_mutually_exclusive_group()
    what_of.add_argument("--files", action="store_true", help="the paths of the files at that step")
    what_of.add_argument("--file", metavar="PATH", help="one file at that step")
    what_of.add_argument("--patch", action="store_true", help="the change at that step as a patch")
    search = command("search", "sessions in which words were asked, decided or found", _search)
    search.add_argument("words", nargs="+", help="all of them; a word may be cut off")
    verify = command("verify", "check records, stored texts, trees and approvals", _verify)
    verify.add_argument("ids", nargs="*", metavar="ID", help=f"{ID}; without it, all")
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
    from agent_tui.sessions.compare import NONE, compared, costs, facts  # noqa: PLC0415

    saved, position = library.at_step(options_of(arguments), arguments.session)
    if arguments.patch:
        write_exact(library.patch_at(saved, position))
        return OK
    if arguments.files or arguments.file:
        files = library.files_at(saved, position)
        if arguments.file:
            write_exact(files.read(arguments.file))
        else:
            print("\n".join(visible(path) for path in files.paths))
        return OK
    one = compared(saved, position)
    session = one.state.session
    many = "record" if one.length == 1 else "records"
    at = "" if position == one.length else f", at step {position}"
    print(f"{'session':<12} {one_line(saved.id)} ({one.length} {many}{at})")
    if session is not None and session.source is None:
        print(f"{'repository':<12} {one_line(session.repo.root, 500)}")
    for label, cell in (facts(one) | costs(one)).items():
        if cell.text != NONE:
            print(f"{label:<12} {one_line(cell.text, 500)}")
    for problem in saved.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    return FAILED if saved.problems else OK


def _search(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap.environment import load_configuration, open_store  # noqa: PLC0415
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
    from agent_tui.bootstrap.environment import load_configuration, open_store  # noqa: PLC0415
    from agent_tui.bootstrap.library import verify_session  # noqa: PLC0415
    from agent_tui.domain.text import counted  # noqa: PLC0415
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
            f"{report.session:<24} {word}: {counted(report.records, 'record')}, "
            f"{counted(report.blobs, 'stored text')}, {counted(report.approvals, 'approval')}, "
            f"{counted(len(report.commits), 'commit')}"
        )
        for problem in report.problems:
            print(f"  {problem}")
        for note in report.notes:
            print(f"  note: {note}")
        bad += bool(report.problems)
    if not names:
        print("no sessions yet", file=sys.stderr)
    return FAILED if bad else OK


def _checkout(arguments: argparse.Namespace) -> int:
    from agent_tui.bootstrap import library  # noqa: PLC0415

    saved, position = library.at_step(options_of(arguments), arguments.session)
    tree = library.check_out(saved, position, arguments.folder)
    print(f"step {position} of {saved.id}: tree {tree[:12]} in {arguments.folder}")
    return OK


def _label(arguments: argparse.Namespace, change: Callable[[Labels], Labels]) -> int:
    from agent_tui.bootstrap.environment import load_configuration, open_store  # noqa: PLC0415
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
    from agent_tui.bootstrap.deleting import delete, would_free  # noqa: PLC0415
    from agent_tui.domain.text import counted  # noqa: PLC0415

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
    print(f"deleted {freed.folder.name}: {size} and {counted(done.refs, 'ref')} freed")
    return OK
