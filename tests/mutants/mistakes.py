"""Mistakes that would cost people their privacy or an answer its truth, and the test that notices each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """In `file` the text `original`, which stands there once, becomes `planted`; `test` must then fail."""

    name: str
    file: str
    original: str
    planted: str
    test: str


MISTAKES: tuple[Mistake, ...] = ()
