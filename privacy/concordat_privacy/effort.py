"""How much a table costs whoever makes it: coordinators make tables of what analysts send them."""

from collections.abc import Sequence

from concordat_query.errors import Reason, Refusal
from concordat_query.model import AggregateRef, Expression, Presentation, ValueColumn

from concordat_privacy.arranging import looked_at
from concordat_privacy.evaluation import draws_for
from concordat_privacy.linear import linear
from concordat_privacy.parts import Percentile
from concordat_privacy.places import places
from concordat_privacy.plan import Plan
from concordat_privacy.standing import components_of

MAX_SIMULATED = 1_000_000_000
"""Noisy figures, each row's and all draws', that all simulated values of a table are made of: up to a minute."""

_ALONE = 10
"""A percentile by itself is not simulated; its counts are gone through about so often."""


def check_effort(plan: Plan, presentation: Presentation, nodes: int) -> None:
    """Refuses simulated values in more rows and expressions than a table is made of, before anyone is charged.

    `nodes` is how many are asked. Follows from public facts alone.
    """
    shown = [column.value for column in presentation.columns if isinstance(column, ValueColumn)]
    own = _of_a_row((*shown, *looked_at(presentation)), plan)
    most = MAX_SIMULATED // max(1, rows_at_most(plan, presentation, nodes))
    if own > most:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"margins would be worked out of {own} simulated figures in every row, and in so many rows {most} are the "
            "most; ask for fewer values, in fewer rows, or for percentiles of a narrower column, as in DIV(x, 10) * 10",
            field="presentation.columns",
        )


def rows_at_most(plan: Plan, presentation: Presentation, nodes: int) -> int:
    """How many rows a table may have that shows figures, whatever texts are released."""
    cells = places(plan, presentation).count
    if plan.selection is not None:
        known = len(plan.domains[plan.selection.key])
        cells = -(-cells * (known + plan.selection.most) // known)
    apart = presentation.by_nation or plan.selection is not None  # every node has texts of its own
    return cells * (nodes + 1 if apart else 1)


def _of_a_row(expressions: Sequence[Expression], plan: Plan) -> int:
    return sum(_of_expression(expression, plan) for expression in expressions)


def _of_expression(expression: Expression, plan: Plan) -> int:
    if linear(expression, plan) is not None:  # exact
        return 0
    width = sum(plan.components[index].width for index in components_of(expression, plan))
    if isinstance(expression, AggregateRef) and isinstance(plan.parts[expression.index], Percentile):
        return width * _ALONE
    return width * draws_for(width)
