"""What the application is started for. Plain data: nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What ``review`` was called for.

    Attributes:
        what: A revision, a branch, a range, a patch's name, or "" for the working tree.
        data: The patch, when it is one.
        output: Where to write what is accepted, instead of committing it.
        checks: Whether the configured checks run.
        models: Whether a configured reviewer looks at it.
        format: ``markdown`` or ``json`` to print the result at the end; "" for a person's summary.
    """

    what: str = ""
    data: bytes | None = None
    output: Path | None = None
    checks: bool = False
    models: bool = True
    format: str = ""


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that opens the screen.

    Attributes:
        kind: ``home``, ``run``, ``resume``, ``review``, ``agents-md``, ``adr``,
            ``compare``, ``demo`` or ``replay``.
        folder: Where the command was called.
        session: An id or a path, for ``resume`` and ``replay``.
        settings: Settings from the command line, by dotted key.
        record, cassette: A file that the wire is recorded to, or that takes its place.
        demo_folder: Where the demo makes its repository; None for a temporary folder.
        words_per_s: How fast scripted models stream.
        grace_ms: Instead of the configured time for which keys are dead at a new gate.
        compare: The sessions to compare, each as ``ID``, ``ID@STEP`` or a path.
        clock: A :class:`~agent_tui.ports.Clock` instead of the machine's.
    """

    kind: str
    folder: Path
    request: str = ""
    session: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    sessions: Path | None = None
    script: Path | None = None
    record: Path | None = None
    cassette: Path | None = None
    cassette_speed: float = 1.0
    demo_folder: Path | None = None
    words_per_s: float = 0.0
    grace_ms: int | None = None
    clock: Any = None
    review: ReviewRequest = ReviewRequest()
    compare: tuple[str, ...] = ()
