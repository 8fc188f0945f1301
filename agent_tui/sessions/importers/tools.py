"""Edits that a source tells only by the arguments of a tool call, and patches as text."""

import json
import re
from typing import Any

from agent_tui.sessions.importers.files import FileTracker
from agent_tui.sessions.importers.source import BadJson, parse
from agent_tui.sessions.importers.values import Object, obj, objects, text

EDIT_TOOLS = frozenset(
    {
        "apply_patch",
        "create_file",
        "edit",
        "multiedit",
        "notebookedit",
        "patch",
        "replace",
        "str_replace",
        "str_replace_based_edit_tool",
        "str_replace_editor",
        "write",
        "write_file",
    }
)

_GIT_FILE = re.compile(r"^diff --git ", re.MULTILINE)
_EXIT = re.compile(r"(?:[Ee]xit(?:ed with)? code:?|returncode>)\s*(-?\d{1,9})")


def is_edit(name: str) -> bool:
    """Whether a tool of that name changes files."""
    return name.lower().rpartition("__")[2] in EDIT_TOOLS


def edit_by_arguments(files: FileTracker, name: str, arguments: Any) -> bool:
    """Take an edit from a tool's arguments, when they are of a shape that is known.

    Returns:
        Whether it was one.
    """
    given = obj(arguments)
    path = _first(given, "file_path", "filePath", "path", "filename", "notebook_path")
    patch = _first(given, "input", "patch", "patchText")
    if patch.lstrip().startswith("*** Begin Patch"):
        return patch_text(files, patch)
    if not path or not is_edit(name):
        return False
    parts = list(objects(given.get("edits"))) or [given]
    done = False
    for part in parts:
        old, new = _pair(part)
        if old is not None and new is not None:
            everywhere = bool(part.get("replace_all") or part.get("replaceAll"))
            done |= files.replaced(path, old, new, everywhere=everywhere)
    content = given.get("content", given.get("file_text"))
    if not done and isinstance(content, str):
        done = files.overwrote(path, content)
    return done


def _pair(part: Object) -> tuple[str | None, str | None]:
    old = part.get("old_string", part.get("oldString", part.get("old_str")))
    new = part.get("new_string", part.get("newString", part.get("new_str")))
    return (
        old if isinstance(old, str) else None,
        new if isinstance(new, str) else None,
    )


def _first(given: Object, *names: str) -> str:
    return next((found for name in names if (found := text(given.get(name)))), "")


def patch_text(files: FileTracker, patch: str) -> bool:
    """Take an edit in the form of ``*** Begin Patch``, which has no line numbers."""
    done = False
    path, kind = "", ""
    old: list[str] = []
    new: list[str] = []

    def flush() -> None:
        nonlocal done, old, new
        if kind == "Update" and old != new:
            done |= files.replaced(path, "".join(old), "".join(new))
        elif kind == "Add":
            done |= files.overwrote(path, "".join(new))
        old, new = [], []

    for line in patch.split("\n"):
        header = re.match(r"\*\*\* (Update|Add|Delete) File: (.*)", line)
        if header or line.startswith("*** End Patch"):
            flush()
            kind, path = (header[1], header[2].strip()) if header else ("", "")
            if kind == "Delete":
                done |= files.wrote(path, _known(files, path), None)
        elif line.startswith("@@"):
            flush()
        elif line.startswith("***"):
            continue
        elif kind == "Add":
            new.append(line[1:] + "\n")
        elif kind == "Update":
            if line[:1] != "+":
                old.append(line[1:] + "\n")
            if line[:1] != "-":
                new.append(line[1:] + "\n")
    flush()
    return done


def _known(files: FileTracker, path: str) -> str | None:
    content = files.content(path)
    return None if content is None else content.decode("utf-8", "replace")


def git_patch(files: FileTracker, patch: str) -> int:
    """Take a patch as ``git diff`` prints it.

    Returns:
        How many files it changes.

    Raises:
        ValueError: If a hunk is cut short.
    """
    if "\r\ndiff --git" in f"\n{patch}" or "\r\n@@ " in patch:
        patch = patch.replace("\r\n", "\n")  # a terminal was in between
    starts = [match.start() for match in _GIT_FILE.finditer(patch)]
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(patch)
        _file_patch(files, patch[start:end])
    return len(starts)


def _file_patch(files: FileTracker, section: str) -> None:
    old = new = ""
    moved = re.search(r"^rename from (.*)\nrename to (.*)$", section, re.MULTILINE)
    for line in section.split("\n"):
        if line.startswith("@@ "):
            break
        if line.startswith("--- "):
            old = _name(line[4:], "a/")
        elif line.startswith("+++ "):
            new = _name(line[4:], "b/")
    if moved:
        old, new = moved[1], moved[2]
    if not old and new:
        added = [line[1:] for line in section.split("\n") if line[:1] == "+"][1:]
        ends = "\n" if added and "\\ No newline" not in section else ""
        files.wrote(new, None, "\n".join(added) + ends)
    elif old and not new:
        gone = [line[1:] for line in section.split("\n") if line[:1] == "-"][1:]
        files.wrote(old, "\n".join(gone) + ("\n" if gone else ""), None)
    elif old:
        files.patched(old, section, new if new != old else "")


def _name(field: str, prefix: str) -> str:
    field = field.split("\t", maxsplit=1)[0].rstrip()
    if field == "/dev/null":
        return ""
    if field.startswith('"'):
        try:
            field = str(json.loads(field))
        except ValueError:
            field = field.strip('"')
    return field.removeprefix(prefix)


def exit_code(output: str) -> int | None:
    """The exit code that a result's text states in its first lines."""
    found = _EXIT.search(output[:400])
    return int(found[1]) if found else None


def json_arguments(value: Any) -> Any:
    """Arguments that are an object, or JSON text of one; anything else as it is."""
    if isinstance(value, str) and value[:1] == "{":
        try:
            return parse(value.encode("utf-8", "replace"))
        except BadJson:
            return value
    return value
