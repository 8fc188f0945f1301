"""A worker's half of the colours: syntax and changed words of some lines."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from agent_tui.domain.patch import FilePatch
from agent_tui.ui.diff.background import FILES_KEPT, Job, Key, Spans, Tints
from agent_tui.ui.diff.blocks import Stream
from agent_tui.ui.diff.colours import MAX_TEXT, colour, lexer_for
from agent_tui.ui.diff.model import Read, Side
from agent_tui.ui.diff.scan import Scan
from agent_tui.ui.diff.text import code_text
from agent_tui.ui.diff.words import words_of_run

Texts = OrderedDict[tuple[int, Side], list[Spans] | None]


def tint(
    stream: Stream,
    jobs: Iterable[Job],
    texts: Texts,
    read: Read | None,
    cancelled: Callable[[], bool],
) -> Tints:
    """Colours and changed words of the jobs' lines.

    Args:
        texts: Colours of whole files, which are kept between calls.
        read: Gives whole files; without it each hunk is coloured by itself.
    """
    spans: dict[Key, Spans] = {}
    words: dict[Key, Spans] = {}
    coarse: set[int] = set()
    finished: list[Job] = []
    for job in jobs:
        if cancelled():
            break
        scan = Scan(stream.hunks[job.number])
        file = stream.file_of[job.number]

        def text(index: int, scan: Scan = scan) -> str:
            return code_text(scan.data(index), show_return=scan.mixed_ends)

        for side in ("old", "new"):
            _syntax(stream, file, side, job, scan, text, texts, read, spans)
        for run in scan.runs():
            if run[0] >= job.last or run[0] + run[1] + run[2] <= job.first:
                continue
            found = words_of_run(run, text)
            if found is None:
                coarse.add(job.number)
            else:
                words |= {(job.number, index): changed for index, changed in found.items()}
        finished.append(job)
        time.sleep(0)  # lets the screen go first
    return Tints(spans, words, coarse, finished)


def _syntax(
    stream: Stream,
    number: int,
    side: Side,
    job: Job,
    scan: Scan,
    text: Callable[[int], str],
    texts: Texts,
    read: Read | None,
    spans: dict[Key, Spans],
) -> None:
    """Colours of the lines on one side; context is coloured with the new one."""
    wanted = (0x2D,) if side == "old" else (0x2B, 0x20)
    indexes = [i for i in range(job.first, job.last) if scan.kinds[i] in wanted]
    file = stream.files[number]
    if not indexes or (lexer_for(file.path, "") is None and job.first > 0):
        return
    whole = _whole(file, number, side, texts, read)
    if whole is not None:
        for index in indexes:
            line = scan.numbers(index)[0 if side == "old" else 1]
            if line is not None and line <= len(whole) and whole[line - 1]:
                spans[job.number, index] = whole[line - 1]
        return
    other = 0x2B if side == "old" else 0x2D
    shown = [i for i in range(job.first, job.last) if scan.kinds[i] != other]
    path = file.old_path or file.path if side == "old" else file.path
    for index, found in zip(shown, colour(path, [text(i) for i in shown]), strict=True):
        if found and scan.kinds[index] in wanted:
            spans[job.number, index] = found


def _whole(
    file: FilePatch, number: int, side: Side, texts: Texts, read: Read | None
) -> list[Spans] | None:
    """Colours of a whole file, or None where it is not at hand, or too large."""
    if read is None or file.status in ("added", "deleted"):
        return None
    key = (number, side)
    if key not in texts:
        data = read(file, side)
        lines = None
        if data is not None and len(data) <= MAX_TEXT:
            lines = colour(file.path, [code_text(line) for line in data.split(b"\n")])
        texts[key] = lines
        if len(texts) > FILES_KEPT * 2:
            texts.popitem(last=False)
    return texts[key]
