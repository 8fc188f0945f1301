"""What a command may see, change and use."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of this machine that a command sees.

    Attributes:
        source: Where it is.
        at: Where the command sees it.
        writable: Whether what the command changes there is really changed.
        optional: Whether it may be missing.
    """

    source: Path
    at: Path
    writable: bool = False
    optional: bool = False


def readable(*paths: Path) -> tuple[Mount, ...]:
    """Files and folders at their own places, if they are there."""
    return tuple(Mount(path, path, optional=True) for path in paths)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one command. What is not named here is not there for it.

    Attributes:
        mounts: Files and folders besides the system's own and the toolchains. One inside another
            lies above it, whatever their order.
        network: Whether it reaches the network.
    """

    mounts: tuple[Mount, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command and all that it starts may use together; None is no limit.

    Attributes:
        memory: Bytes.
        processes: How many may be there at the same time.
        file_size: Bytes of one file.
    """

    memory: int | None = None
    processes: int | None = None
    file_size: int | None = None
