"""The way in for SQL text: a whole question, or one condition of a mapping.

Text is only a way of writing a typed query. What it asks of the nodes and what it shows of their answers come apart
here: names, order and repeats of the selected items cost nothing and reach no node.
"""

from dataclasses import dataclass, replace

from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Catalogue, Dataset
from concordat_query.model import (
    Aggregate,
    Condition,
    KeyColumn,
    NationColumn,
    OutputColumn,
    Presentation,
    Query,
    Scalar,
    Statistic,
    ValueColumn,
    columns_in,
)
from concordat_query.renumbering import renumbered
from concordat_query.sql import select
from concordat_query.sql.clause import cut_clause
from concordat_query.sql.conditions import read_condition
from concordat_query.sql.expressions import Aggregates
from concordat_query.sql.grouping import Grouping, read_grouping
from concordat_query.sql.having import read_having
from concordat_query.sql.items import Item, read_items
from concordat_query.sql.nations import NATION
from concordat_query.sql.results import Results
from concordat_query.sql.scope import Scope
from concordat_query.sql.source import read_source
from concordat_query.sql.tail import cut_tail, read_order
from concordat_query.sql.tree import parse_expression, parse_select
from concordat_query.sql.words import limit_condition, limit_statement


@dataclass(frozen=True)
class Question:
    """What an SQL text asks: the parts of a canonical query, what is shown of it, whom it is asked of, at what price.

    `nations` are in the catalogue's order; None asks all. Options are None where the text does not say; the price is
    set by epsilon, by a margin of error for counts, or by neither. `private_keys` stands wherever a key is a column of
    texts; `delta`, what they may cost, may be None even then.
    """

    dataset: str
    keys: tuple[Scalar, ...]
    where: Condition | None
    aggregates: tuple[Aggregate, ...]
    presentation: Presentation
    nations: tuple[str, ...] | None
    epsilon: float | None
    margin_of_error: float | None
    max_groups_contributed: int | None
    max_rows_contributed: int | None
    private_keys: bool = False
    delta: float | None = None


def read_sql(sql: str, catalogue: Catalogue) -> Question:
    """Reads a SELECT, with or without the differential privacy clause. Raises SqlRefusal with the place at fault."""
    options, source = cut_clause(read_source(sql))
    tail, source = cut_tail(limit_statement(source))
    tree = parse_select(source)
    dataset, scope = select.read_dataset(source, catalogue, tree)
    nations, where = select.read_where(scope, catalogue, tree)
    grouping = read_grouping(scope, tree, private_keys=options.private_keys)
    met = Aggregates()
    results = Results(scope, read_items(scope, tree, grouping, met), met)
    having = read_having(results, catalogue, tree)
    order = read_order(results, tail)
    asked = (*met.met, *_unit_totals(met, grouping, scope.dataset))
    query = canonical_query(Query(dataset, grouping.keys, where, asked, price_nano=0, max_groups=1, max_rows=1))
    presentation = Presentation(
        by_nation=grouping.by_nation,
        columns=tuple(_output(item, query.keys) for item in results.items),
        rollup=tuple(results.position_of(key) for key in grouping.rollup),
        having=having,
        order=order,
        limit=tail.limit,
        offset=tail.offset,
    )
    return Question(
        dataset=query.dataset,
        keys=query.keys,
        where=query.where,
        aggregates=query.aggregates,
        presentation=renumbered(presentation, [query.aggregates.index(aggregate) for aggregate in met.met]),
        nations=nations,
        epsilon=options.epsilon,
        margin_of_error=options.margin_of_error,
        max_groups_contributed=options.max_groups_contributed,
        max_rows_contributed=options.max_rows_contributed,
        private_keys=options.private_keys,
        delta=options.delta,
    )


def _unit_totals(met: Aggregates, grouping: Grouping, dataset: Dataset) -> list[Aggregate]:
    """The counts of units that ROLLUP's totals need of their own: one unit may be in several cells."""
    spreading = [
        key for key in grouping.rollup if not all(dataset.constant_within_unit(name) for name in columns_in(key))
    ]
    levels = {
        tuple(key for key in grouping.rollup[start:] if key in spreading) for start in range(len(grouping.rollup))
    }
    counts = [aggregate for aggregate in met.met if aggregate.statistic is Statistic.COUNT_UNITS]
    return [replace(aggregate, over=over) for aggregate in counts for over in levels if over]


def _output(item: Item, keys: tuple[Scalar, ...]) -> OutputColumn:
    if item.value is not None:
        return ValueColumn(item.name, item.value)
    if item.key is None or item.key == NATION:
        return NationColumn(item.name)
    return KeyColumn(item.name, keys.index(item.key))


def parse_condition(text: str, dataset: Dataset) -> Condition:
    """A condition over the columns of one row, as WHERE would hold it. Raises SqlRefusal with the place at fault."""
    source = limit_condition(read_source(text))
    return read_condition(Scope(source, dataset), parse_expression(source))
