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
from concordat_query.condition_wire import malformed
from concordat_query.coverage import MAX_ASSIGNMENTS, Coverage
from concordat_query.domains import domain_size, text_key
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    COUNTS_WITHOUT_SCALAR,
    NANO,
    OF_TWO_SCALARS,
    Aggregate,
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    Query,
    Scalar,
    Statistic,
    Value,
    WidthBucket,
    columns_in,
    columns_of,
    is_fraction,
)
from concordat_query.rules import MAX_CELLS
from concordat_query.scalar_types import ScalarType, type_of
from concordat_query.sizes import condition_size, size_of

MAX_AGGREGATES = 100
MAX_KEYS = 10
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
    if len(query.keys) > MAX_KEYS:
        raise malformed("query.keys", f"a query has at most {MAX_KEYS} group keys")
    leaves = 0
    for condition in (query.where, *(aggregate.filter for aggregate in query.aggregates)):
        leaves += condition_size(condition) if condition is not None else 0
    scalars = [scalar for aggregate in query.aggregates for scalar in aggregate.scalars]
    leaves += sum(size_of(scalar) for scalar in (*scalars, *query.keys))
    if leaves > MAX_LEAVES:
        raise malformed("query", f"it holds more than {MAX_LEAVES} literals and columns; ask in parts")
    for aggregate in query.aggregates:
        if (aggregate.statistic in COUNTS_WITHOUT_SCALAR) != (aggregate.scalar is None):
            raise malformed("query.aggregates", "counts of rows and units take no value, every other statistic one")
        if (aggregate.statistic in OF_TWO_SCALARS) != (aggregate.other is not None):
            raise malformed("query.aggregates", "statistics of two values take a second, every other statistic none")
        fraction = aggregate.fraction
        if (aggregate.statistic is Statistic.PERCENTILE_CONT) != (fraction is not None):
            raise malformed("query.aggregates", "percentiles take a fraction, every other statistic none")
        if fraction is not None and not is_fraction(fraction):
            raise malformed("query.aggregates", "a percentile's fraction is from 0 to 1, with at most 6 decimals")
        if len(aggregate.over) > len(query.keys):
            raise malformed("query.aggregates", "a total is over keys of the query, each once")


# Columns, their types, and whether the agreement lists them


def _check_columns(query: Query, dataset: Dataset, permission: Permission) -> None:
    with _field("query.keys"):
        private = rules.check_private_keys(query, dataset)
        if private is not None and private not in permission.private_keys:
            raise Refusal(
                Reason.NOT_IN_AGREEMENT,
                f"the agreement does not list {private} among its private keys; group by columns with codes, or have "
                "the parties add it",
            )
    for key in query.keys:
        with _field("query.keys"):
            _check_scalar(key, dataset, permission)
            rules.check_key(key, dataset)
            _check_grouping(key, dataset, permission)
    with _field("query.where"):
        _check_condition(query.where, dataset, permission)
    for index, aggregate in enumerate(query.aggregates):
        with _field(f"query.aggregates[{index}]"):
            _check_aggregate(aggregate, query, dataset, permission)


def _check_grouping(key: Scalar, dataset: Dataset, permission: Permission) -> None:
    """Refuses keys that the agreement does not list, and what is made of them: a CASE may give a column's own codes."""
    for name in sorted(columns_in(key)):
        if dataset.by_name[name].may_be_key and name not in permission.keys:
            raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not let queries group by {name}")


def _check_aggregate(aggregate: Aggregate, query: Query, dataset: Dataset, permission: Permission) -> None:
    if aggregate.statistic not in permission.statistics:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not permit {aggregate.statistic.value}")
    for scalar in aggregate.scalars:
        _check_scalar(scalar, dataset, permission)
        rules.check_statistic(type_of(scalar, dataset), _named(scalar), aggregate.statistic)
    if aggregate.over and aggregate.statistic is not Statistic.COUNT_UNITS:
        raise malformed("query.aggregates", "only counts of units have totals of their own")
    if not set(aggregate.over) <= set(query.keys):
        raise malformed("query.aggregates", "a total is over keys of the query, each once")
    _check_condition(aggregate.filter, dataset, permission)


def _check_condition(condition: Condition | None, dataset: Dataset, permission: Permission) -> None:
    for name in sorted(columns_of(condition)):
        _permitted(dataset, permission, name)
    if condition is not None:
        _check_literals(condition, dataset)


def _check_scalar(scalar: Scalar, dataset: Dataset, permission: Permission) -> None:
    for name in sorted(columns_in(scalar)):
        _permitted(dataset, permission, name)
    _check_types(scalar, dataset)


def _check_literals(condition: Condition, dataset: Dataset) -> None:
    match condition:
        case Conjunction(terms) | Disjunction(terms):
            for term in terms:
                _check_literals(term, dataset)
        case Negation(term):
            _check_literals(term, dataset)
        case Comparison(scalar, comparator, literal):
            rules.check_literal(_check_types(scalar, dataset), _named(scalar), comparator, literal)
        case Membership(scalar, literals):
            kind = _check_types(scalar, dataset)
            for literal in literals:
                rules.check_literal(kind, _named(scalar), Comparator.EQUAL, literal)
        case NullTest(scalar):
            _check_types(scalar, dataset)


def _check_types(scalar: Scalar, dataset: Dataset) -> ScalarType:
    """The scalar's type, once the conditions within it are right, too."""
    for condition in _conditions_in(scalar):
        _check_literals(condition, dataset)
    for value in _values_in(scalar):
        rules.check_result(value)
    return type_of(scalar, dataset)


def _conditions_in(scalar: Scalar) -> Iterator[Condition]:
    match scalar:
        case Calculation(_, left, right):
            yield from (*_conditions_in(left), *_conditions_in(right))
        case WidthBucket(inner) | DatePart(_, inner):
            yield from _conditions_in(inner)
        case Case(branches, otherwise):
            for condition, result in branches:
                yield condition
                yield from _conditions_in(result)
            yield from _conditions_in(otherwise)


def _values_in(scalar: Scalar) -> Iterator[Literal]:
    match scalar:
        case Value(literal) if literal is not None:
            yield literal
        case Case(branches, otherwise):
            for result in (*(result for _, result in branches), otherwise):
                yield from _values_in(result)


def _named(scalar: Scalar) -> str:
    return scalar if isinstance(scalar, str) else "the expression"


def _permitted(dataset: Dataset, permission: Permission, name: str) -> Column:
    column = rules.find_column(dataset.by_name, name)
    if name not in permission.columns:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"the agreement does not list column {name}")
    return column


# Limits


def _check_limits(query: Query, dataset: Dataset, permission: Permission) -> None:
    _check_bound("query.max_groups", query.max_groups, permission.max_groups)
    _check_bound("query.max_rows", query.max_rows, permission.max_rows)
    if not 1 <= query.price_nano <= MAX_RHO_NANO:
        raise Refusal(
            Reason.INVALID_PRICE, f"the price is from 1 to {MAX_RHO_NANO} billionths", field="query.price_nano"
        )
    cells = math.prod(domain_size(key, dataset) for key in query.keys)
    if cells > permission.max_cells:
        raise Refusal(
            Reason.TOO_MANY_CELLS,
            f"the group keys make {cells} cells and the agreement permits {permission.max_cells}; group by fewer",
            field="query.keys",
        )
    if text_key(query.keys, dataset) is not None:
        _check_bound("query.max_cells", query.max_cells or MAX_CELLS, permission.max_cells)


def _check_bound(field: str, value: int, highest: int) -> None:
    if value < 1:
        raise malformed(field, "it must be at least 1")
    if value > highest:
        raise Refusal(Reason.NOT_IN_AGREEMENT, f"{field}: the agreement permits at most {highest}", field=field)


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
    if sum(condition_size(condition) for condition in conditions) > MAX_LEAVES:
        raise malformed("coverage", f"its conditions hold more than {MAX_LEAVES} literals")
    names = frozenset[str]().union(*(columns_of(condition) for condition in conditions))
    with _field("coverage"):
        columns = [rules.find_column(dataset.by_name, name) for name in sorted(names)]
        for condition in conditions:
            _check_literals(condition, dataset)
    if math.prod(domain_size(column.name, dataset) for column in columns) > MAX_ASSIGNMENTS:
        raise malformed("coverage", "its conditions depend on too many combinations of values")
