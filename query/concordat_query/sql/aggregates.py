"""From the tree of an aggregate to what the nodes are asked to count."""

from sqlglot import exp

from concordat_query import rules
from concordat_query.model import Aggregate, Statistic
from concordat_query.sql.conditions import Scope, read_condition, unwrapped

_STATISTICS: dict[type[exp.Expr], Statistic] = {
    exp.Count: Statistic.COUNT_VALUES,
    exp.Sum: Statistic.SUM,
    exp.Avg: Statistic.AVG,
}
_PREFIXES = {Statistic.COUNT_VALUES: "count", Statistic.SUM: "sum", Statistic.AVG: "avg"}


def is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.CountIf) or type(node) in _STATISTICS


def read_aggregate(scope: Scope, node: exp.Expr) -> Aggregate:
    """COUNT(*), COUNT(x), COUNTIF(condition), SUM(x) or AVG(x)."""
    if isinstance(node, exp.CountIf):
        return Aggregate(Statistic.COUNT_ROWS, None, read_condition(scope, node.this))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return Aggregate(Statistic.COUNT_ROWS)
    statistic = _STATISTICS[type(node)]
    argument = unwrapped(node.this) if node.this is not None else None
    if not isinstance(argument, exp.Column):
        message = "write COUNT(*), COUNT(column) or COUNTIF(condition)" if statistic is Statistic.COUNT_VALUES else ""
        raise scope.source.refusal_at_node(node, message or f"{statistic.value} takes one column's name")
    name, column = scope.column(argument)
    with scope.located(argument):
        rules.check_statistic(column, name, statistic)
    return Aggregate(statistic, name)


def name_of(aggregate: Aggregate) -> str:
    """What an aggregate is called where no name is given: after what it counts."""
    if aggregate.statistic is Statistic.COUNT_ROWS:
        return "count" if aggregate.filter is None else "countif"
    return f"{_PREFIXES[aggregate.statistic]}_{aggregate.column}"
