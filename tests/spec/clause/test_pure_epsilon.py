"""Where a population's budget counts in pure epsilon, queries are written, answered and refused as anywhere else."""

import pytest
from concordat_node.admission import admit, identify
from concordat_privacy.laws import Mechanism
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.wire import envelope_to_bytes
from spec.specification import FROM, Specification, nearly, sentences

EVERYTHING = {
    "counts": f"SELECT ward, COUNT(*) AS n, COUNT(nights) AS m, COUNTIF(nights > 3) AS k {FROM} GROUP BY ward",
    "units": f"SELECT COUNT(DISTINCT unit) AS units {FROM}",
    "units with totals": f"SELECT ward, COUNT(DISTINCT unit) AS units {FROM} GROUP BY ROLLUP (ward)",
    "sums and means": f"SELECT nation, SUM(cost) AS s, AVG(nights) AS a {FROM} GROUP BY nation",
    "variances": f"SELECT VAR_SAMP(cost) AS v, STDDEV_POP(nights) AS d {FROM}",
    "pairs": f"SELECT CORR(cost, nights) AS r, REGR_SLOPE(cost, nights) AS b {FROM}",
    "percentiles": f"SELECT MEDIAN(nights) AS m, PERCENTILE_CONT(cost, 0.9) AS p {FROM}",
    "expressions": f"SELECT 2 * COUNT(*) - COUNTIF(nights > 3) AS c, COUNTIF(nights > 3) / COUNT(*) AS q {FROM}",
}


@pytest.mark.parametrize("written", EVERYTHING.values(), ids=EVERYTHING)
def test_without_the_noise_answers_are_those_of_any_population(
    spec: Specification, pure_spec: Specification, written: str
) -> None:
    assert nearly(pure_spec.answer(written)) == nearly(spec.answer(written))


@pytest.mark.parametrize("written", EVERYTHING.values(), ids=EVERYTHING)
def test_every_component_has_laplace_noise_and_shares_of_epsilon_add_up(pure_spec: Specification, written: str) -> None:
    plan = pure_spec.federation.question(written).plan
    assert {component.law.mechanism for component in plan.components} == {Mechanism.LAPLACE}
    assert sum(component.price_nano for component in plan.components) == plan.query.price_nano == 50 * 10**9


def asked(options: str, items: str = "COUNT(*) AS n") -> str:
    return f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) {items} {FROM}"


@sentences(
    {
        "an epsilon": (asked("epsilon = 0.3"), 0.3),
        "left out, the agreement's": (f"SELECT COUNT(*) {FROM}", 50),
    }
)
def test_the_price_is_epsilon_as_it_is_written(pure_spec: Specification, written: str, gives: float) -> None:
    question = pure_spec.federation.question(written)
    assert (question.epsilon, question.envelope.query.price_nano) == (gives, round(gives * 10**9))
    assert question.envelope.query.calculus is Calculus.PURE


@sentences(
    {
        "of a count": (asked("margin_of_error = 5"), 5),
        "of counts in groups": (asked("margin_of_error = 7", "ward, COUNT(*) AS n") + " GROUP BY ward", 7),
        "of several counts": (asked("margin_of_error = 9", "COUNT(*) AS n, COUNTIF(nights > 3) AS m"), 9),
        "of a count of units": (asked("margin_of_error = 4", "COUNT(DISTINCT unit) AS u"), 4),
    }
)
def test_a_margin_of_error_buys_figures_within_it(pure_spec: Specification, written: str, gives: float) -> None:
    margins = pure_spec.margins(written)
    assert gives - 1 <= max(margins) <= gives


def test_half_of_the_epsilon_has_twice_the_margin(pure_spec: Specification) -> None:
    wide, narrow = (pure_spec.margins(asked(f"epsilon = {epsilon}"))[0] for epsilon in (0.01, 0.02))
    assert wide == pytest.approx(2 * narrow, abs=2)


@sentences(
    {
        "too little to be anything": (asked("epsilon = 1e-320"), "the price must be between 1"),
        "less than a billionth": (asked("epsilon = 9e-10"), "the price must be between 1"),
        "too little to be split": (asked("epsilon = 1e-9", "AVG(nights)"), "the price must be between 2"),
        "more than the agreement lets one query cost": (asked("epsilon = 101"), "may cost epsilon 100 at most"),
        "more than any price": (asked("epsilon = 5000"), "may cost epsilon 100 at most"),
        "a margin without a count": (asked("margin_of_error = 5", "SUM(cost)"), "give epsilon"),
        "zero": (asked("epsilon = 0"), "a positive number such as 0.5"),
        "nothing": (asked("epsilon = NaN"), "a positive number"),
    }
)
def test_a_price_that_is_refused(pure_spec: Specification, written: str, gives: str) -> None:
    with pytest.raises(Refusal, match=gives):
        pure_spec.answer(written)


def test_a_query_priced_in_rho_is_refused_by_every_node_before_anything_is_spent(
    spec: Specification, pure_spec: Specification
) -> None:
    for own, other in ((pure_spec.federation, Calculus.GAUSSIAN), (spec.federation, Calculus.PURE)):
        question = own.question(f"SELECT COUNT(*) {FROM}")
        signed = own.signed_in(question, other)
        for node in own.nodes.values():
            asked = identify(signed, node.rules)
            assert envelope_to_bytes(asked.envelope) == signed.envelope
            with pytest.raises(Refusal) as refused:
                admit(asked, node.rules, question.envelope.expires_at - 1)
            assert (refused.value.reason, refused.value.field) == (Reason.WRONG_CALCULUS, "query.calculus")
