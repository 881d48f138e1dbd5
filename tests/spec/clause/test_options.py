"""SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (...) sets the price and how much one unit counts. It may be left out."""

import pytest
from concordat_query.errors import Reason, Refusal
from spec.specification import FROM, Refused, Specification, refusals, sentences


def asked(options: str, items: str = "COUNT(*) AS n") -> str:
    return f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) {items} {FROM}"


@sentences(
    {
        "an epsilon": (asked("epsilon = 0.5"), 0.5),
        "a whole epsilon": (asked("epsilon = 2"), 2),
        "words in any case": (asked("EPSILON = 0.5").replace("WITH DIFF", "with Diff"), 0.5),
        "left out, the agreement's": (f"SELECT COUNT(*) {FROM}", 50),
        "no option": (asked(""), 50),
        "no OPTIONS": (f"SELECT WITH DIFFERENTIAL_PRIVACY COUNT(*) {FROM}", 50),
        "limits alone": (asked("max_rows_contributed = 2"), 50),
    }
)
def test_the_price(spec: Specification, written: str, gives: float) -> None:
    assert spec.federation.question(written).epsilon == pytest.approx(gives, rel=1e-3)


@sentences(
    {"both": (asked("max_groups_contributed = 2, max_rows_contributed = 3"), (2, 3)), "none": (asked(""), (4, 4))}
)
def test_limits(spec: Specification, written: str, gives: tuple[int, int]) -> None:
    query = spec.federation.question(written).envelope.query
    assert (query.max_groups, query.max_rows) == gives


@sentences(
    {
        "of a count": (asked("margin_of_error = 5"), 5),
        "of counts in groups": (asked("margin_of_error = 7", "ward, COUNT(*) AS n") + " GROUP BY ward", 7),
        "of several counts": (asked("margin_of_error = 9", "COUNT(*) AS n, COUNTIF(nights > 3) AS m"), 9),
        "of a count of units": (asked("margin_of_error = 4", "COUNT(DISTINCT unit) AS u"), 4),
    }
)
def test_a_margin_of_error_buys_figures_within_it(spec: Specification, written: str, gives: float) -> None:
    margins = spec.margins(written)
    assert gives - 1 <= max(margins) <= gives


def test_a_larger_epsilon_has_smaller_margins(spec: Specification) -> None:
    wide, narrow = (spec.margins(asked(f"epsilon = {epsilon}"))[0] for epsilon in (0.1, 1))
    assert narrow < wide / 5


REFUSED: dict[str, Refused] = {
    "an option that there is not": (asked("¦noise = 1"), Reason.SQL_NOT_SUPPORTED, "known are epsilon"),
    "delta": (asked("¦delta = 0.1"), Reason.SQL_NOT_SUPPORTED, "the agreement sets that of everything else"),
    "the unit": (asked("¦privacy_unit_column = patient"), Reason.SQL_NOT_SUPPORTED, "the catalogue says"),
    "an option twice": (asked("epsilon = 1, ¦epsilon = 2"), Reason.SQL_NOT_SUPPORTED, "given twice; keep one"),
    "two prices": (asked("epsilon = 1, ¦margin_of_error = 5"), Reason.SQL_NOT_SUPPORTED, "keep one of them"),
    "no number": (asked("epsilon = ¦'much'"), Reason.SQL_NOT_SUPPORTED, "a positive number in digits"),
    "zero": (asked("epsilon = ¦0"), Reason.SQL_NOT_SUPPORTED, "a positive number such as 0.5"),
    "less than nothing": (asked("epsilon = ¦-1"), Reason.SQL_NOT_SUPPORTED, "a positive number in digits"),
    "a comma too many": (asked("epsilon = 1¦,"), Reason.SQL_NOT_SUPPORTED, "after the last none"),
    "no parentheses": (
        f"SELECT WITH DIFFERENTIAL_PRIVACY ¦OPTIONS epsilon = 1 COUNT(*) {FROM}",
        Reason.SQL_NOT_SUPPORTED,
        "OPTIONS (epsilon = 0.5)",
    ),
    "another clause": (f"SELECT ¦WITH ANONYMIZATION COUNT(*) {FROM}", Reason.SQL_NOT_SUPPORTED, "DIFFERENTIAL_PRIVACY"),
}


@refusals(REFUSED)
def test_no_option(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)


@sentences(
    {
        "more than the agreement lets one query cost": (asked("epsilon = 200"), "may cost epsilon 100 at most"),
        "a margin without a count": (asked("margin_of_error = 5", "SUM(cost)"), "give epsilon"),
    }
)
def test_a_price_that_is_refused(spec: Specification, written: str, gives: str) -> None:
    with pytest.raises(Refusal, match=gives):
        spec.answer(written)
