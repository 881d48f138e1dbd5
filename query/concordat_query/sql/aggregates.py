"""From trees to typed aggregates, each with FILTER."""

from dataclasses import replace
from decimal import Decimal

from sqlglot import exp

from concordat_query import rules
from concordat_query.canonical import decimal_text
from concordat_query.model import (
    MAX_FRACTION_DECIMALS,
    OF_TWO_SCALARS,
    Aggregate,
    Scalar,
    Statistic,
    both,
    is_fraction,
)
from concordat_query.sql.conditions import named, read_condition, read_scalar
from concordat_query.sql.scope import Scope, is_literal, literal_of, unwrapped

UNIT = "unit"
_STATISTICS: dict[type[exp.Expr], Statistic] = {
    exp.Count: Statistic.COUNT_VALUES,
    exp.Sum: Statistic.SUM,
    exp.Avg: Statistic.AVG,
    exp.Variance: Statistic.VAR_SAMP,
    exp.VariancePop: Statistic.VAR_POP,
    exp.Stddev: Statistic.STDDEV_SAMP,
    exp.StddevSamp: Statistic.STDDEV_SAMP,
    exp.StddevPop: Statistic.STDDEV_POP,
    exp.CovarSamp: Statistic.COVAR_SAMP,
    exp.CovarPop: Statistic.COVAR_POP,
    exp.Corr: Statistic.CORR,
    exp.RegrSlope: Statistic.REGR_SLOPE,
    exp.RegrIntercept: Statistic.REGR_INTERCEPT,
    exp.Median: Statistic.PERCENTILE_CONT,
    exp.PercentileCont: Statistic.PERCENTILE_CONT,
}
_MEDIAN = Decimal("0.5")


def is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.CountIf | exp.Filter) or type(node) in _STATISTICS


def holds_aggregate(node: exp.Expr) -> bool:
    return any(is_aggregate(inner) for inner in node.walk())


def read_aggregate(scope: Scope, node: exp.Expr) -> Aggregate:
    """A count of rows, values or units, a sum, mean, variance or deviation; with FILTER or without."""
    if isinstance(node, exp.Filter):
        inner = read_aggregate(scope, node.this)
        condition = read_condition(scope, node.args["expression"].this)
        return replace(inner, filter=both(inner.filter, condition))
    if isinstance(node, exp.CountIf):
        return Aggregate(Statistic.COUNT_ROWS, None, read_condition(scope, node.this))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return Aggregate(Statistic.COUNT_ROWS)
    if type(node) not in _STATISTICS:
        raise scope.source.refusal_at_node(node, "an aggregate is needed here, such as COUNT, SUM or AVG")
    if isinstance(node.this, exp.Distinct):
        return _units(scope, node)
    statistic = _STATISTICS[type(node)]
    found = _of_scalar(scope, node, statistic)
    if statistic is Statistic.PERCENTILE_CONT:
        return replace(found, fraction=_MEDIAN if isinstance(node, exp.Median) else _fraction(scope, node))
    if statistic not in OF_TWO_SCALARS:
        return found
    return replace(found, other=_operand(scope, node.args["expression"], statistic))


def _of_scalar(scope: Scope, node: exp.Expr, statistic: Statistic) -> Aggregate:
    if node.this is None or is_literal(node.this):
        message = "write COUNT(*), COUNT(column) or COUNTIF(condition)" if statistic is Statistic.COUNT_VALUES else ""
        raise scope.source.refusal_at_node(node, message or f"{statistic.value} takes a column or a calculation")
    return Aggregate(statistic, _operand(scope, node.this, statistic))


def _operand(scope: Scope, node: exp.Expr, statistic: Statistic) -> Scalar:
    if isinstance(unwrapped(node), exp.Literal):
        raise scope.source.refusal_at_node(node, f"{statistic.value} takes a column or a calculation")
    scalar = read_scalar(scope, node)
    kind = scope.type_of(scalar, node)
    with scope.located(node):
        rules.check_statistic(kind, named(scalar), statistic)
    return scalar


def _fraction(scope: Scope, node: exp.Expr) -> Decimal:
    """The second argument of PERCENTILE_CONT."""
    given = node.args.get("expression")
    number = literal_of(scope.source, given, "number") if given is not None and is_literal(given) else None
    if not isinstance(number, Decimal) or not is_fraction(number):
        raise scope.source.refusal_at_node(
            given or node,
            f"the fraction of a percentile is a number from 0 to 1 with at most {MAX_FRACTION_DECIMALS} decimals; "
            "PERCENTILE_CONT(x, 0.5) is the median",
        )
    return number


def _units(scope: Scope, node: exp.Expr) -> Aggregate:
    """COUNT(DISTINCT unit), under that name or the data set's own name of its unit."""
    names = (UNIT, scope.dataset.unit)
    counted = [unwrapped(part) for part in node.this.expressions]
    if not isinstance(node, exp.Count):
        message = "leave DISTINCT out; only units are counted once: COUNT(DISTINCT unit)"
        raise scope.source.refusal_at_node(node, message)
    if len(counted) != 1 or not isinstance(counted[0], exp.Column) or counted[0].name.lower() not in names:
        message = (
            "distinct values cannot be counted, only units: write COUNT(DISTINCT unit); for the values of a column, "
            "GROUP BY it"
        )
        raise scope.source.refusal_at_node(node, message)
    return Aggregate(Statistic.COUNT_UNITS)


def _percentile_name(fraction: Decimal) -> str:
    """median, p90, p97_5: of the percentile's number."""
    return "median" if fraction == _MEDIAN else f"p{decimal_text(fraction * 100)}".replace(".", "_")


def name_of(aggregate: Aggregate) -> str:
    """What an aggregate without AS is called; empty where its scalar has no name of its own."""
    if aggregate.statistic is Statistic.COUNT_UNITS:
        return "count_units"
    if aggregate.statistic is Statistic.COUNT_ROWS:
        return "count" if aggregate.filter is None else "countif"
    if aggregate.statistic is Statistic.PERCENTILE_CONT and isinstance(aggregate.scalar, str):
        return f"{_percentile_name(aggregate.fraction or _MEDIAN)}_{aggregate.scalar}"
    names = [scalar for scalar in aggregate.scalars if isinstance(scalar, str)]
    return "_".join([aggregate.statistic.value.lower(), *names]) if len(names) == len(aggregate.scalars) else ""
