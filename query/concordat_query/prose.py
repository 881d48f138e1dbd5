"""Words into sentences, for what people read."""

from collections.abc import Iterable, Sequence


def listed(names: Sequence[str]) -> str:
    """One or more names in a row: "England", "England and Wales", "England, Scotland and Wales"."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def sentence(text: str) -> str:
    """A text that somebody wrote with or without its full stop, with it."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def counted(number: int, noun: str) -> str:
    """How many of what: "1 row", "2 rows"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sentences(texts: Iterable[str]) -> str:
    """Texts that somebody wrote, with or without a full stop, one after the other."""
    return " ".join(map(sentence, texts))
