"""What can be said of one value. Silence is never zero: every way of giving no figure has its own word."""

from enum import StrEnum


class Status(StrEnum):
    OK = "ok"
    PARTLY_HELD = "partly held"
    """A figure for the part that is held; the notes say which."""
    INCOMPLETE = "incomplete"
    """A figure that lacks a node lost after it was charged; the same key run again completes it."""
    NOT_HELD = "not held"
    SUPPRESSED = "suppressed"
    """No figure: too few there for the private text to be released. What it counts is in the group of all others."""
    PARTLY_SUPPRESSED = "partly suppressed"
    """A figure that lacks a part in which the private text was not released."""
    UNAVAILABLE = "unavailable"
    """No figure: the node was lost after it was charged; the same key run again gets it."""
    NOT_COMPARABLE = "not comparable"
    """No figure: nations would be added up that do not compare."""
    UNDEFINED = "undefined"
    """No figure: the divisor, with its noise, is zero or negative."""
