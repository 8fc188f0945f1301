"""Patch text for a selection, for ``git apply``: the oracle of the selection algebra."""

from itertools import groupby

from agent_tui.domain.decision import Selection
from agent_tui.domain.patch import FilePatch, Hunk, Patch, path_to_bytes


def quoted(prefix: bytes, path: str) -> bytes:
    name = prefix + path_to_bytes(path)
    if all(0x20 < byte < 0x7F and byte not in b'"\\' for byte in name):
        return name
    return b'"' + b"".join(
        bytes([byte]) if 0x20 <= byte < 0x7F and byte not in b'"\\' else b"\\%03o" % byte
        for byte in name
    ) + b'"'  # fmt: skip


def patch_text(patch: Patch, selection: Selection) -> bytes:
    """What remains of the patch, as text that ``git apply`` takes."""
    return b"".join(
        file_text(file, selection) for file in patch.files if file.path not in selection.files
    )


def file_text(file: FilePatch, selection: Selection) -> bytes:
    left = {hunk.id: set(selection.lines.get(hunk.id, ())) for hunk in file.hunks}
    old, new = file.old_path or file.path, file.path
    moved = file.path in selection.moves
    if moved:
        new = old  # the rest of the change is made to the file where it was
    none_taken = all(left[hunk.id] == set(hunk.changed) for hunk in file.hunks)
    if file.status == "added" and file.hunks and none_taken:
        return b""  # git would add an empty file, which nobody has taken
    head = [b"diff --git " + quoted(b"a/", old) + b" " + quoted(b"b/", new)]
    names = [b"--- " + quoted(b"a/", old), b"+++ " + quoted(b"b/", new)]
    if file.status == "added":
        head.append(f"new file mode {file.new_mode}".encode())
        names[0] = b"--- /dev/null"
    elif file.status == "deleted" and not any(left.values()):
        head.append(f"deleted file mode {file.old_mode}".encode())
        names[1] = b"+++ /dev/null"
    elif file.status == "renamed" and not moved:
        word = b"copy" if file.path in selection.originals else b"rename"
        head += [b"similarity index 50%", word + b" from " + quoted(b"", old)]
        head.append(word + b" to " + quoted(b"", new))
    elif file.status == "copied":
        head += [b"similarity index 50%", b"copy from " + quoted(b"", old)]
        head.append(b"copy to " + quoted(b"", new))
    if file.mode_changed and file.path not in selection.modes:
        head[1:1] = [f"old mode {file.old_mode}".encode(), f"new mode {file.new_mode}".encode()]
    body, shift = b"", 0
    for hunk in file.hunks:
        text, shift = hunk_text(hunk, left[hunk.id], shift)
        body += text
    if body:
        return b"\n".join([*head, *names]) + b"\n" + body
    return b"\n".join(head) + b"\n" if len(head) > 1 else b""


def hunk_text(hunk: Hunk, left: set[int], shift: int) -> tuple[bytes, int]:
    """The hunk without the lines that are left out, and how far it moves what follows."""
    lines: list[tuple[str, bytes]] = []
    for context, group in groupby(enumerate(hunk.lines), lambda pair: pair[1].kind == " "):
        block = list(group)
        if context:
            lines += [(" ", line.content) for _, line in block]
            continue
        old = [(" " if i in left else "-", x.content) for i, x in block if x.kind == "-"]
        new = [("" if i in left else "+", x.content) for i, x in block if x.kind == "+"]
        gone, dropped = ("-" in dict(old)), ("" in dict(new))
        if gone and dropped:
            for number in range(max(len(old), len(new))):
                lines += [*old[number : number + 1], *new[number : number + 1]]
            lines = [line for line in lines if line[0]]
            continue
        at = [sign for sign, _ in old].index("-") if gone else len(old)
        lines += [*old[:at], *(line for line in new if line[0]), *old[at:]]
    lines = with_ends(lines)
    if all(kind == " " for kind, _ in lines):
        return b"", shift
    old_count = sum(kind != "+" for kind, _ in lines)
    new_count = sum(kind != "-" for kind, _ in lines)
    before = hunk.old_start - (1 if hunk.old_count else 0)
    old_start = before + (1 if old_count else 0)
    new_start = before + shift + (1 if new_count else 0)
    header = f"@@ -{old_start},{old_count} +{new_start},{new_count} @@\n".encode()
    return header + b"".join(map(printed, lines)), shift + new_count - old_count


def with_ends(lines: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """A line without an end that does not stay the last one gets one, as a change of its own."""
    result: list[tuple[str, bytes]] = []
    for at, (kind, content) in enumerate(lines):
        stays = [text for k, text in result if k != "-"]
        follows = [text for k, text in lines[at + 1 :] if k != "-"]
        if kind == "-" or content.endswith(b"\n") or not follows:
            result.append((kind, content))
            continue
        neighbour = stays[-1] if stays else follows[0]
        crlf = neighbour.endswith(b"\r\n") and not content.endswith(b"\r")
        ended = content + (b"\r\n" if crlf else b"\n")
        result += [("-", content), ("+", ended)] if kind == " " else [("+", ended)]
    return result


def printed(line: tuple[str, bytes]) -> bytes:
    kind, content = line
    text = kind.encode() + content
    return text if content.endswith(b"\n") else text + b"\n\\ No newline at end of file\n"
