"""What became of a model's edits: values that a person, a model and a program can read."""

from dataclasses import dataclass
from typing import Literal

EditFormat = Literal["tools", "apply_patch", "search_replace", "unified", "whole"]
"""How edits are written:

- ``tools``: JSON calls of an editing tool (replace, insert, create);
- ``apply_patch``: ``*** Begin Patch`` and what follows it;
- ``search_replace``: SEARCH/REPLACE blocks in Markdown;
- ``unified``: a diff, placed by its context;
- ``whole``: whole files in fenced blocks.
"""

Rung = Literal["exact", "trailing blanks", "indent", "punctuation"]
"""How far a place had to be stretched to match; each rung includes those before it.

- ``trailing blanks``: blanks at the ends of lines were ignored;
- ``indent``: all lines are indented deeper, or less deep, by the same blanks;
- ``punctuation``: quotes, dashes and blanks of Unicode were taken for those of ASCII.
"""


class EditFormatError(ValueError):
    """The text holds no edits that can be read; it says what was expected, and where."""


@dataclass(frozen=True, slots=True)
class EditPart:
    """One part of a proposal, and how it fared.

    Attributes:
        path: The file, from the top of the repository.
        name: What the part is, in words: ``hunk 2 of 3``, ``the new file``.
        line: Where it begins in the file as it was, from 1; None where that has no meaning.
        rung: How it matched.
        doubts: What a person should look at before it counts: sentences without a full stop.
        problem: Why it cannot be applied, with what would mend it; "" when it can.
    """

    path: str
    name: str
    line: int | None = None
    rung: Rung = "exact"
    doubts: tuple[str, ...] = ()
    problem: str = ""

    @property
    def certain(self) -> bool:
        """Whether it applies without anything that needs confirming."""
        return not self.problem and not self.doubts and self.rung == "exact"


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What a file becomes.

    Attributes:
        data: The new bytes; None when the file is removed.
        mode: ``100644`` or ``100755`` where the edit says so, else None: as it is.
        replaced: Whether the old content went without being looked at (a whole file, a removal
            that names no line).
    """

    path: str
    data: bytes | None
    mode: str | None = None
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class EditResult:
    """All of a proposal, or none of it.

    Attributes:
        format: The format that was read.
        parts: Every part in order, also those that fit when another one does not.
        files: What to write, each path once; empty unless every part applies.
    """

    format: EditFormat
    parts: tuple[EditPart, ...]
    files: tuple[FileEdit, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether every part fits."""
        return bool(self.parts) and not any(part.problem for part in self.parts)

    @property
    def certain(self) -> bool:
        """Whether every part fits and nothing of it needs confirming."""
        return bool(self.parts) and all(part.certain for part in self.parts)

    def explain(self) -> str:
        """Every part that does not fit or needs confirming, a paragraph each; "" if there is none.

        The text quotes the file and the proposal: make it visible before it is shown.
        """
        said = []
        for part in self.parts:
            place = f"{part.path}, {part.name}"
            if part.problem:
                said.append(f"{place}: {part.problem}")
            elif not part.certain:
                loose = (f"matches only on the rung '{part.rung}'",) * (part.rung != "exact")
                said.append(f"{place}: {'; '.join((*loose, *part.doubts))}.")
        return "\n".join(said)
