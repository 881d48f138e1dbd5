"""Words become sentences."""

import pytest
from concordat_query.prose import counted, listed, sentence, sentences


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["England"], "England"),
        (["England", "Wales"], "England and Wales"),
        (["England", "Scotland", "Northern Ireland"], "England, Scotland and Northern Ireland"),
    ],
)
def test_names_are_listed_as_one_would_say_them(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_a_sentence_ends_once() -> None:
    assert sentence("Held in groups only.") == sentence("Held in groups only") == "Held in groups only."


def test_one_is_no_plural() -> None:
    assert [counted(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_remarks_follow_one_another_as_sentences() -> None:
    assert sentences(["Held in groups only.", "estimated by the officer"]) == (
        "Held in groups only. estimated by the officer."
    )
    assert sentences([]) == ""
