"""AND, OR, NOT and parentheses: NOT binds closest, then AND, then OR."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

COUNT = f"SELECT COUNT(*) {FROM} WHERE "


@sentences(
    {
        "AND takes rows for which both are true": ("ward = 'Surgery' AND priority = 1", "a h o"),
        "OR takes rows for which one is true": ("ward = 'Children' OR priority = 3", "d f i j m n"),
        "NOT takes rows for which it is false": ("NOT ward = 'Surgery'", "c d e f i j l m n"),
        "AND binds closer than OR": ("ward = 'Children' OR ward = 'Surgery' AND priority = 1", "a f h j n o"),
        "parentheses bind closest": ("(ward = 'Children' OR ward = 'Surgery') AND priority = 1", "a f h j o"),
        "NOT binds closer than AND": ("NOT ward = 'Surgery' AND priority = 1", "c f j l"),
        "NOT of a conjunction": ("NOT (ward = 'Surgery' AND priority = 1)", "b c d e f g i j k l m n p"),
        "NOT of a disjunction": ("NOT (ward = 'Surgery' OR priority = 1)", "d e i m n"),
        "NOT twice is nothing": ("NOT NOT ward = 'Children'", "f j n"),
        "a contradiction takes nothing": ("priority = 1 AND priority = 2", ""),
        "a chain of ORs is a list": ("nights = 0 OR nights = 30 OR nights = 4", "b g h"),
        "words may be written in any case": ("ward = 'Children' and not priority = 2", "f j"),
        "comments are passed over": ("ward = 'Children' -- the little ones\n AND priority = 2", "n"),
    }
)
def test_conditions_joined(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


REFUSED: dict[str, Refused] = {
    "a symbol for NOT": (COUNT + "¦! ward = 'Surgery'", Reason.SQL_NOT_SUPPORTED, "write NOT"),
    "parentheses nested too deep": (
        COUNT + "(" * 12 + "¦(" + "nights = 1" + ")" * 13,
        Reason.SQL_NOT_SUPPORTED,
        "nest deeper than 12",
    ),
    "an AND that lacks a side": (COUNT + "nights = 1 ¦AND", Reason.SQL_NOT_SUPPORTED, "something is missing"),
    "EXISTS": (COUNT + "¦EXISTS (SELECT 1)", Reason.SQL_NOT_SUPPORTED, "subqueries are not answered"),
    "an aggregate": (COUNT + "¦COUNT(*) > 3", Reason.SQL_NOT_SUPPORTED, "column, number, calculation or CASE"),
}


@refusals(REFUSED)
def test_no_joined_condition(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
