"""Variances and deviations of one value; covariances, correlations and straight lines of two."""

import statistics

import pytest
from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Specification, refusals, sentences

CHILDREN = f"{FROM} WHERE ward = 'Children'"
COSTS = [-5.0, 75.0, 20.0]


@sentences(
    {
        "the variance of a sample": ("VAR_SAMP(cost)", statistics.variance(COSTS)),
        "under its short name": ("VARIANCE(cost)", statistics.variance(COSTS)),
        "the variance of all there are": ("VAR_POP(cost)", statistics.pvariance(COSTS)),
        "the deviation of a sample": ("STDDEV_SAMP(cost)", statistics.stdev(COSTS)),
        "under its own short name": ("STDDEV(cost)", statistics.stdev(COSTS)),
        "the deviation of all there are": ("STDDEV_POP(cost)", statistics.pstdev(COSTS)),
        "of a calculation": ("VAR_POP(2 * cost)", 4 * statistics.pvariance(COSTS)),
        "with FILTER": ("STDDEV_POP(cost) FILTER (WHERE cost > 0)", 27.5),
        "a correlation of a value with itself": ("CORR(cost, cost)", 1),
        "a correlation with what falls": ("CORR(cost, 3 - 2 * cost)", -1),
        "a covariance with itself is the variance of a sample": ("COVAR_SAMP(cost, cost)", statistics.variance(COSTS)),
        "or of all there are": ("COVAR_POP(cost, 2 * cost)", 2 * statistics.pvariance(COSTS)),
        "the slope of the line that explains the first by the second": ("REGR_SLOPE(3 - 2 * cost, cost)", -2),
        "its value where the second is 0": ("REGR_INTERCEPT(3 - 2 * cost, cost)", 3),
    }
)
def test_a_spread(spec: Specification, written: str, gives: float) -> None:
    assert spec.figure(f"{written} AS s {CHILDREN}") == pytest.approx(gives, rel=1e-9)


@sentences(
    {
        "a sample of one row": (f"VAR_SAMP(cost) {FROM} WHERE cost = 33.33", "undefined"),
        "no row at all": (f"STDDEV_POP(nights) {FROM} WHERE nights = 29", "undefined"),
        "a correlation of one row": (f"CORR(nights, cost) AS c {FROM} WHERE nights = 30", "undefined"),
        "a slope over what does not vary": (f"REGR_SLOPE(cost, priority * 0) AS r {FROM}", "undefined"),
    }
)
def test_too_little_to_have_one(spec: Specification, written: str, gives: str) -> None:
    assert spec.figure(written) == gives


def select(items: str) -> str:
    return f"SELECT {items} {FROM}"


REFUSED: dict[str, Refused] = {
    "a deviation of codes": (select("STDDEV(¦ward)"), Reason.WRONG_TYPE, "use COUNT, COUNTIF or GROUP BY"),
    "a correlation with dates": (select("CORR(nights, ¦admitted)"), Reason.WRONG_TYPE, "use EXTRACT"),
    "too fine to square": (select("VAR_POP(¦cost * 20) AS v"), Reason.WRONG_TYPE, "too far apart"),
    "a variance of distinct values": (select("¦VARIANCE(DISTINCT nights)"), Reason.SQL_NOT_SUPPORTED, "leave DISTINCT"),
    "a covariance of one value": (select("COVAR_POP(nights¦)"), Reason.SQL_NOT_SUPPORTED, "cannot be understood"),
}


@refusals(REFUSED)
def test_it_is_refused(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
