"""The line with a caret: under the right character, whatever stands before it, and nothing that steers a terminal."""

import unicodedata

import pytest
from concordat_wire.excerpt import excerpt, plain
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len


@pytest.mark.parametrize(
    ("text", "at", "line"),
    [
        ("SELECT a\nFROM b WHERE colour", "colour", "FROM b WHERE colour"),
        ("SELECT a\r\nFROM colour\r\nWHERE b", "colour", "FROM colour"),
        ("WHERE\tcolour", "colour", "WHERE   colour"),
        ("\t\tcolour", "colour", "        colour"),
        ("'日本語' colour", "colour", "'日本語' colour"),
        ("'e\u0301e\u0301' colour", "colour", "'e\u0301e\u0301' colour"),
        ("'\u202etxet' colour", "colour", "'\\u202etxet' colour"),
        ("'\x1b[2J' colour", "colour", "'\\x1b[2J' colour"),
        ("'\u200b\ufeff' colour", "colour", "'\\u200b\\ufeff' colour"),
        ("\u0600\u00ad colour", "colour", "\\u0600\\xad colour"),
        ("a\u00a0colour", "colour", "a\\xa0colour"),
        ("\U0001f600 colour", "colour", "\U0001f600 colour"),
        ("lone \r return colour", "colour", "lone \\x0d return colour"),
    ],
)
def test_the_caret_stands_below_the_place(text: str, at: str, line: str) -> None:
    shown, caret = excerpt(text, text.index(at))
    assert shown == line
    assert cell_len(caret) - 1 == cell_len(shown[: shown.index(at)])


def test_a_text_that_stops_too_early_has_the_caret_after_its_end() -> None:
    assert excerpt("SELECT", 6) == ("SELECT", "      ^")
    assert excerpt("", 0) == ("", "^")
    assert excerpt("SELECT\n", 6) == ("SELECT", "      ^")


def test_a_mark_that_is_at_fault_has_the_caret_below_its_letter() -> None:
    assert excerpt("xe\u0301", 2) == ("xe\u0301", " ^")


def test_marks_without_a_letter_and_heaps_of_marks_are_written_out() -> None:
    assert excerpt("\u0301x", 1)[0] == "\\u0301x"
    assert excerpt("x" + "\u0301" * 5, 0)[0] == "x" + "\u0301" * 2 + "\\u0301" * 3


@pytest.mark.parametrize("at", [0, 5, 500, 995, 999, 1000])
def test_a_long_line_is_cut_to_a_window_around_the_place(at: int) -> None:
    text = "".join(chr(ord("a") + i % 26) for i in range(1000))
    shown, caret = excerpt(text, at, 60)
    assert cell_len(shown) <= 60
    assert cell_len(caret) <= 60
    assert shown.startswith("…") is (at > 30)
    assert shown.endswith("…") is (at < 970)
    assert (shown + " ")[len(caret) - 1] == (text + " ")[at]


@given(st.text(max_size=200), st.integers(0, 200), st.integers(20, 90))
def test_nothing_that_is_shown_steers_a_terminal_or_outgrows_the_window(text: str, at: int, width: int) -> None:
    shown, caret = excerpt(text, min(at, len(text)), width)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert cell_len(shown) <= width
    assert set(caret) <= {" ", "^"}
    assert cell_len(caret) <= width + 1
    assert len(plain(text).splitlines()) <= 1


def test_a_message_is_one_line_in_which_nothing_steers_the_terminal() -> None:
    assert plain("refused:\n\x1b]0;owned\x07  \u202eok") == "refused: \\x1b]0;owned\\x07 \\u202eok"
