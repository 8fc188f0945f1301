"""Text from outside, made safe to show: whatever would steer a terminal becomes visible."""

import re

_INVISIBLE = {
    *range(0x00, 0x20),
    *range(0x7F, 0xA0),
    0x00AD,  # soft hyphen
    0x034F,  # combining grapheme joiner
    0x061C,  # Arabic letter mark
    0x180E,
    *range(0x200B, 0x2010),  # zero width space … right-to-left mark
    *range(0x2028, 0x202F),  # separators, bidi embedding and override
    *range(0x2060, 0x2070),  # word joiner … bidi isolates, deprecated format characters
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xD800, 0xE000),  # lone surrogates
    *range(0xE0000, 0xE0080),  # tags
}


def _shown(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's control pictures: ESC is ␛
    if code == 0x7F:
        return "\u2421"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_TABLE = {code: _shown(code) for code in _INVISIBLE}
_KEEP_LINES = {k: v for k, v in _TABLE.items() if k not in (0x09, 0x0A)}
_ANY = re.compile("[" + "".join(re.escape(chr(c)) for c in sorted(_INVISIBLE)) + "]")


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
