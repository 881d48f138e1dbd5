"""Private texts: what one may be, at import and wherever one is read."""

import re

from concordat_query.catalogue import OTHER

UNSHOWN = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xE000, 0xF8FF),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE0FFF),
    (0xF0000, 0x10FFFF),
)
"""Code points that are not shown or change how others are: controls, marks of direction, joiners, fillers, tags,
private use.

A list of our own, since Unicode's classes grow: what one party's software lets pass no other's may refuse.
"""

_UNSHOWN = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSHOWN) + "]")


def is_clean(text: str, max_length: int) -> bool:
    """Whether import could have left this text: short enough, white space made plain and trimmed, nothing in it that is
    not shown, and not the name of all others."""
    short = 1 <= len(text) <= max_length
    return short and text != OTHER and text == " ".join(text.split()) and _UNSHOWN.search(text) is None
