"""The way in for SQL text: a whole question, or one condition of a mapping.

Text is only a way of writing a typed query. What it asks of the nodes and what it shows of their answers come apart
here: names, order and repeats of the selected items cost nothing and reach no node.
"""

from dataclasses import dataclass

from concordat_query.canonical import canonical_aggregate, canonical_query
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Condition,
    KeyColumn,
    NationColumn,
    OutputColumn,
    Presentation,
    Query,
    Quotient,
    Scalar,
    ValueColumn,
)
from concordat_query.sql import select
from concordat_query.sql.clause import cut_clause
from concordat_query.sql.conditions import read_condition
from concordat_query.sql.scope import Scope
from concordat_query.sql.source import read_source
from concordat_query.sql.tree import parse_expression, parse_select
from concordat_query.sql.words import limit_condition, limit_statement


@dataclass(frozen=True)
class Question:
    """What an SQL text asks: the parts of a canonical query, what is shown of it, whom it is asked of, at what price.

    `nations` are in the catalogue's order; None asks all. The last three are None where the text does not say.
    """

    dataset: str
    keys: tuple[Scalar, ...]
    where: Condition | None
    aggregates: tuple[Aggregate, ...]
    presentation: Presentation
    nations: tuple[str, ...] | None
    epsilon: float | None
    max_groups_contributed: int | None
    max_rows_contributed: int | None


def read_sql(sql: str, catalogue: Catalogue) -> Question:
    """Reads a SELECT, with or without the differential privacy clause. Raises SqlRefusal with the place at fault."""
    options, source = cut_clause(read_source(sql))
    source = limit_statement(source)
    tree = parse_select(source)
    dataset, scope = select.read_dataset(source, catalogue, tree)
    nations, where = select.read_where(scope, catalogue, tree)
    grouping = select.read_grouping(scope, tree)
    items = select.read_items(scope, tree, grouping)
    aggregates = tuple(aggregate for item in items for aggregate in item.aggregates)
    query = canonical_query(Query(dataset, grouping.keys, where, aggregates, rho_nano=0, max_groups=1, max_rows=1))
    index = {aggregate: i for i, aggregate in enumerate(query.aggregates)}
    columns = tuple(_output(item, index, query.keys) for item in items)
    return Question(
        dataset=query.dataset,
        keys=query.keys,
        where=query.where,
        aggregates=query.aggregates,
        presentation=Presentation(grouping.by_nation, columns),
        nations=nations,
        epsilon=options.epsilon,
        max_groups_contributed=options.max_groups_contributed,
        max_rows_contributed=options.max_rows_contributed,
    )


def _output(item: select.Item, index: dict[Aggregate, int], keys: tuple[Scalar, ...]) -> OutputColumn:
    if item.key is not None:
        return NationColumn(item.name) if item.key == select.NATION else KeyColumn(item.name, keys.index(item.key))
    first, *others = (AggregateRef(index[canonical_aggregate(aggregate)]) for aggregate in item.aggregates)
    return ValueColumn(item.name, Quotient(first, others[0]) if others else first)


def parse_condition(text: str, dataset: Dataset) -> Condition:
    """A condition over the columns of one row, as WHERE would hold it. Raises SqlRefusal with the place at fault."""
    source = limit_condition(read_source(text))
    return read_condition(Scope(source, dataset), parse_expression(source))
