"""A typed query held against the catalogue's data set and what the agreement permits of it.

The client runs it before signing, every node at admission. It is total: whatever a well-formed message holds, it
returns or raises Refusal with the field at fault, in time that the message's size bounds.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from concordat_query import rules
from concordat_query.agreement import Permission
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Column, Dataset
from concordat_query.coverage import MAX_ASSIGNMENTS, Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    NANO,
    Aggregate,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    Membership,
    Negation,
    NullTest,
    Query,
    Statistic,
    columns_of,
)
from concordat_query.wire import malformed

MAX_AGGREGATES = 100
MAX_LEAVES = 2_000
"""Comparisons and list members in all conditions of one query."""
MAX_RHO_NANO = 100 * NANO


def check_query(query: Query, dataset: Dataset, permission: Permission) -> None:
    """Refuses a query that is malformed, not canonical, wrong for the data set, or not permitted.

    The price in epsilon is not looked at here: converting it is the accountant's.
    """
    _check_size(query)
    if query != canonical_query(query):
        raise Refusal(
            Reason.NOT_CANONICAL, "the query is not in canonical form; sign what canonical_query returns", field="query"
        )
    _check_columns(query, dataset, permission)
    _check_limits(query, dataset, permission)


# Size first: all that follows takes time in proportion to it.


def _check_size(query: Query) -> None:
    if not 1 <= len(query.aggregates) <= MAX_AGGREGATES:
        raise malformed("query.aggregates", f"a query has 1 to {MAX_AGGREGATES} aggregates")
    leaves = 0
    for condition in (query.where, *(aggregate.filter for aggregate in query.aggregates)):
        leaves += _leaves(condition) if condition is not None else 0
    if leaves > MAX_LEAVES:
        raise malformed("query", f"its conditions hold more than {MAX_LEAVES} literals; ask in parts")
    for aggregate in query.aggregates:
        if (aggregate.statistic is Statistic.COUNT_ROWS) != (aggregate.column is None):
            raise malformed("query.aggregates", "COUNT(*) takes no column, every other statistic takes one")


def _leaves(condition: Condition) -> int:
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            if not terms:
                raise malformed("query", "AND and OR need terms")
            return sum(_leaves(term) for term in terms)
        case Negation(term):
            return _leaves(term)
        case Membership(_, literals):
            if not literals:
                raise malformed("query", "IN needs at least one literal")
            return len(literals)
        case _:
            return 1


# Columns, their types, and whether the agreement lists them


def _check_columns(query: Query, dataset: Dataset, permission: Permission) -> None:
    for name in query.keys:
        with _field("query.keys"):
            rules.check_key(_permitted(dataset, permission, name), name)
            if name not in permission.keys:
                raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not let queries group by {name}")
    with _field("query.where"):
        _check_condition(query.where, dataset, permission)
    for index, aggregate in enumerate(query.aggregates):
        with _field(f"query.aggregates[{index}]"):
            _check_aggregate(aggregate, dataset, permission)


def _check_aggregate(aggregate: Aggregate, dataset: Dataset, permission: Permission) -> None:
    if aggregate.statistic not in permission.statistics:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not permit {aggregate.statistic.value}")
    if aggregate.column is not None:
        column = _permitted(dataset, permission, aggregate.column)
        rules.check_statistic(column, aggregate.column, aggregate.statistic)
    _check_condition(aggregate.filter, dataset, permission)


def _check_condition(condition: Condition | None, dataset: Dataset, permission: Permission) -> None:
    for name in sorted(columns_of(condition)):
        _permitted(dataset, permission, name)
    if condition is not None:
        _check_literals(condition, dataset)


def _check_literals(condition: Condition, dataset: Dataset) -> None:
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            for term in terms:
                _check_literals(term, dataset)
        case Negation(term):
            _check_literals(term, dataset)
        case Comparison(name, comparator, literal):
            rules.check_literal(dataset.by_name[name], name, comparator, literal)
        case Membership(name, literals):
            for literal in literals:
                rules.check_literal(dataset.by_name[name], name, Comparator.EQUAL, literal)
        case NullTest():
            pass


def _permitted(dataset: Dataset, permission: Permission, name: str) -> Column:
    column = rules.find_column(dataset.by_name, name)
    if name not in permission.columns:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not list column {name}")
    return column


# Limits


def _check_limits(query: Query, dataset: Dataset, permission: Permission) -> None:
    _check_bound("query.max_groups", query.max_groups, permission.max_groups)
    _check_bound("query.max_rows", query.max_rows, permission.max_rows)
    if not 1 <= query.rho_nano <= MAX_RHO_NANO:
        raise Refusal(Reason.INVALID_PRICE, f"rho is from 1 to {MAX_RHO_NANO} billionths", field="query.rho_nano")
    cells = math.prod(_domain_size(dataset.by_name[name]) for name in query.keys)
    if cells > permission.max_cells:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the group keys make {cells} cells and the agreement permits {permission.max_cells}; group by fewer",
            field="query.keys",
        )


def _check_bound(field: str, value: int, highest: int) -> None:
    if value < 1:
        raise malformed(field, "it must be at least 1")
    if value > highest:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"{field}: the agreement permits at most {highest}", field=field)


def _domain_size(column: Column) -> int:
    return column.fixed_upper - column.fixed_lower + 1 + column.nullable


@contextmanager
def _field(field: str) -> Iterator[None]:
    """Names the field in a refusal raised within."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.reason, refusal.message, field=field) from None


# Coverage


def check_coverage(coverage: Coverage, dataset: Dataset) -> None:
    """Refuses a coverage that does not fit the data set or takes too long to judge: nodes write their own."""
    conditions = [rows for rows in (coverage.rows, *(entry.rows for entry in coverage.columns)) if rows is not None]
    if sum(_leaves(condition) for condition in conditions) > MAX_LEAVES:
        raise malformed("coverage", f"its conditions hold more than {MAX_LEAVES} literals")
    names = frozenset[str]().union(*(columns_of(condition) for condition in conditions))
    with _field("coverage"):
        columns = [rules.find_column(dataset.by_name, name) for name in sorted(names)]
        for condition in conditions:
            _check_literals(condition, dataset)
    if math.prod(_domain_size(column) for column in columns) > MAX_ASSIGNMENTS:
        raise malformed("coverage", "its conditions depend on too many combinations of values")
