"""Text from outside, made safe to show: whatever would steer a terminal becomes visible."""

import re
from collections.abc import Sequence

_INVISIBLE = (
    *((0x00, 0x1F), (0x7F, 0x9F)),
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    *((0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0)),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer vowels that are not drawn
    (0x180E, 0x180E),
    (0x200B, 0x200F),  # zero width space … right-to-left mark
    (0x2028, 0x202E),  # separators, bidi embedding and override
    (0x2060, 0x206F),  # word joiner … bidi isolates, deprecated format characters
    (0xD800, 0xDFFF),  # lone surrogates
    (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),  # shorthand controls
    (0x1D173, 0x1D17A),  # musical controls
    (0xE0000, 0xE0FFF),  # tags, and variation selectors, which can carry a hidden text
)
"""First and last of the controls and of Unicode's Default_Ignorable_Code_Point, except for the
variation selectors of Mongolian and of emoji, which ordinary text needs."""


LEFT_TO_RIGHT = "\u200e"
"""The mark that takes no cell and turns nothing round: the one format character that we write
ourselves. In a text from outside it becomes visible like all others."""


def _shown(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's control pictures: ESC is ␛
    if code == 0x7F:
        return "\u2421"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_TABLE = {code: _shown(code) for first, last in _INVISIBLE for code in range(first, last + 1)}
_KEEP_LINES = {k: v for k, v in _TABLE.items() if k not in (0x09, 0x0A)}
_ANY = re.compile("[" + "".join(f"\\U{a:08x}-\\U{b:08x}" for a, b in _INVISIBLE) + "]")


def visible(text: str) -> str:
    """One line of text with every control, bidi and zero-width character shown as an escape.

    Tabs and line ends are escaped too: use :func:`visible_lines` where they are layout.
    """
    return text.translate(_TABLE) if _ANY.search(text) else text


def visible_lines(text: str) -> str:
    """The same for a text of several lines: tabs and ``\\n`` stay, ``\\r\\n`` becomes ``\\n``."""
    return text.replace("\r\n", "\n").translate(_KEEP_LINES)


def decode(data: bytes) -> str:
    """Bytes as text for the screen: UTF-8, with what is not UTF-8 shown as ``\\xNN``."""
    return data.decode("utf-8", "backslashreplace")


def one_line(text: str, limit: int = 200) -> str:
    """The first line that says something, safe to show, cut to *limit* characters."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    shown = visible(first)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


_TAG_ALONE = re.compile(r"</?[\w.-]{1,60}>")


def title_line(text: str, limit: int = 200) -> str:
    """As :func:`one_line`, without leading lines that are only a tag such as ``<description>``."""
    lines = text.splitlines()
    said = (
        n for n, line in enumerate(lines) if line.strip() and not _TAG_ALONE.fullmatch(line.strip())
    )
    return one_line("\n".join(lines[next(said, 0) :]), limit)


def counted(number: int, noun: str) -> str:
    """A number with its noun, whose plural has an s: ``1 file``, ``2 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names from outside, one behind the other; how many there are besides the first *most*."""
    shown = ", ".join(one_line(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"
