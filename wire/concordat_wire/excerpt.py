"""A place in a text as a terminal shows it: its line with a caret below.

What is shown is what stands in the text and cannot be anything else: whatever could move the cursor, turn the direction
of writing, hide itself or pass for a space is written as its escape.
"""

import unicodedata

from rich.cells import cell_len

WIDTH = 100
_TAB = 4
_MARKS = {"Mn", "Me"}
_MOST_MARKS = 2
_SHOWN_AS_ESCAPES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}


def plain(text: str) -> str:
    """A text on one line, in which nothing steers the terminal. Runs of white space become one space."""
    return "".join(_cells(" ".join(text.split())))


def excerpt(text: str, offset: int, width: int = WIDTH) -> tuple[str, str]:
    """(the line that holds character `offset`, a caret below it), cut to `width` cells around the place."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[begin : end if end >= 0 else len(text)].removesuffix("\r")
    place = min(offset - begin, len(line))
    cells = _cells(line)
    first, last = _window(cells, place, width)
    before = ("…" if first else "") + "".join(cells[first:place])
    shown = before + "".join(cells[place:last]) + ("…" if last < len(cells) else "")
    column = cell_len(before) - (1 if place < len(cells) and cell_len(cells[place]) == 0 and before else 0)
    return shown, " " * column + "^"


def _window(cells: list[str], place: int, width: int) -> tuple[int, int]:
    """The stretch of characters around `place` that fits: all where it does, else the place in its middle."""
    sizes = [cell_len(cell) for cell in cells]
    if sum(sizes) <= width:
        return 0, len(cells)
    room = width - 2  # for the signs that it was cut
    first = last = place
    taken = 0
    while True:
        to_the_left = first > 0 and (place - first <= last - place or last == len(cells))
        if not to_the_left and last == len(cells):
            return first, last
        step = first - 1 if to_the_left else last
        taken += sizes[step]
        if taken > room:
            return first, last
        first, last = (step, last) if to_the_left else (first, step + 1)


def _cells(line: str) -> list[str]:
    """Each character as it is shown. Their joined length in cells is the terminal's."""
    shown: list[str] = []
    column = marks = 0
    for character in line:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        cell = _cell(character, column, marks)
        column += cell_len(cell)
        shown.append(cell)
    return shown


def _cell(character: str, column: int, marks: int) -> str:
    if character == " ":
        return character
    if character == "\t":
        return " " * (_TAB - column % _TAB)
    stray_mark = marks and (column == 0 or marks > _MOST_MARKS)  # with nothing to stand on, or a heap of them
    if stray_mark or unicodedata.category(character) in _SHOWN_AS_ESCAPES or _is_hidden(character):
        return character.encode("unicode_escape").decode() if ord(character) > 0x7E else f"\\x{ord(character):02x}"
    return character


def _is_hidden(character: str) -> bool:
    """Letters and marks that show nothing: fillers, variation selectors and the like, which no category tells."""
    return (cell_len(character) == 0 and unicodedata.category(character) not in _MARKS) or character in _BLANKS


_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}
