"""Escaping stored text for a person's terminal: nothing in it may move the cursor, change colours or reorder what is read."""

HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, format (bidirectional overrides among them), surrogate and private characters, and the two separators that break lines."""


def escaped(text: object, lines: bool = False) -> str:
    """Text on one line, with every character that is not plainly visible written as an escape; `lines` keeps line breaks."""
    whole = str(text)
    if whole.isprintable():
        return whole
    # Only now: most text is plain, and the table of all characters takes a while to load.
    from unicodedata import category

    return "".join(char if (lines and char == "\n") or category(char) not in HIDDEN_CATEGORIES else _escape(char) for char in whole)


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
