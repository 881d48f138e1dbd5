"""A text is clean for whoever reads it exactly where import, in its own way, leaves it as it is."""

import unicodedata

import duckdb
import pytest
from concordat_node.importing.conversion import text_sql
from concordat_query.catalogue import OTHER, Column
from concordat_query.texts import UNSHOWN, is_clean
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMN = Column(name="practice", type="text", description="", max_length=12)


def imported(text: str) -> str | None:
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {text_sql('v', COLUMN)} FROM (SELECT ? AS v)", [text]).fetchone()  # noqa: S608
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


HOSTILE = ["a\0b", "a\u202eb", "a\u200bb", "\ufeffa", "a\nb", "a\u2028b", "a\xa0b", " a", "a  b", "x" * 13, "", OTHER]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_made_plain_or_goes(text: str) -> None:
    assert not is_clean(text, 12)
    kept = imported(text)
    assert kept is None or is_clean(kept, 12)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=14))
@settings(max_examples=300, deadline=None)
def test_import_leaves_clean_texts_only_and_those_as_they_are(text: str) -> None:
    kept = imported(text)
    assert kept is None or is_clean(kept, 12)
    if is_clean(text, 12) and unicodedata.is_normalized("NFC", text):
        assert kept == text


@pytest.mark.parametrize(("first", "last"), UNSHOWN)
def test_nothing_unshown_passes_import_or_reader(first: int, last: int) -> None:
    for point in (first, (first + last) // 2, last):
        text = f"a{chr(point)}b"
        assert not is_clean(text, 12)
        assert imported(text) in (None, "a b")


def test_every_control_surrogate_and_mark_of_direction_is_listed() -> None:
    listed = {point for first, last in UNSHOWN for point in range(first, min(last, 0xFFFF) + 1)}
    directed = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for point in range(0x10000):
        one = chr(point)
        hides = unicodedata.category(one) in ("Cc", "Zl", "Zp", "Co") or unicodedata.bidirectional(one) in directed
        assert not hides or point in listed


@pytest.mark.parametrize("text", ["Anna", "é", "O'Neill & Söhne", "李", "=1+1", '"quoted"', "👍🏽", "a-b"])
def test_what_people_write_stays(text: str) -> None:
    assert is_clean(text, 12) == (len(text) <= 12)
    assert imported(text) == (text if len(text) <= 12 else None)
