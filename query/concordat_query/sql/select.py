"""From the tree of a SELECT to what is asked of the nodes (keys, conditions, aggregates) and what is shown of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from concordat_query import rules
from concordat_query.catalogue import Catalogue, Column
from concordat_query.coverage import truth
from concordat_query.errors import Reason
from concordat_query.model import Aggregate, Condition, Conjunction, Statistic
from concordat_query.sql.conditions import Scope, read_condition, unwrapped
from concordat_query.sql.source import Source

NATION = "nation"
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_ITEMS = "select columns of GROUP BY, aggregates, and quotients of two aggregates"
_STATISTICS: dict[type[exp.Expr], Statistic] = {
    exp.Count: Statistic.COUNT_VALUES,
    exp.Sum: Statistic.SUM,
    exp.Avg: Statistic.AVG,
}
_PREFIXES = {Statistic.COUNT_VALUES: "count", Statistic.SUM: "sum", Statistic.AVG: "avg"}


@dataclass(frozen=True)
class Item:
    """One selected thing under its name: the key `key`, or one aggregate, or the quotient of two."""

    name: str
    key: str | None
    aggregates: tuple[Aggregate, ...]


@dataclass(frozen=True)
class Grouping:
    keys: tuple[str, ...]
    by_nation: bool

    def has(self, name: str) -> bool:
        return name in self.keys or (name == NATION and self.by_nation)


def read_dataset(source: Source, catalogue: Catalogue, select: exp.Select) -> tuple[str, Scope]:
    """The data set that FROM names and the columns that names may mean there."""
    table = select.args["from_"].this if select.args.get("from_") else None
    if not isinstance(table, exp.Table):
        at = source.end if table is None else source.offset(table)
        raise source.refusal(at, "FROM and the name of one data set are needed")
    name = ".".join(part.name for part in table.parts).lower()
    if name not in catalogue.datasets:
        message = f"there is no such data set; {rules.nearest(name, catalogue.datasets, 'there are')}"
        raise source.refusal_at_node(table, message, Reason.UNKNOWN_DATASET)
    return name, Scope(source, catalogue.datasets[name].by_name)


def read_where(
    scope: Scope, catalogue: Catalogue, select: exp.Select
) -> tuple[tuple[str, ...] | None, Condition | None]:
    """(nations asked, or None for all; condition on rows). Conditions on nation choose nodes and do not reach them."""
    where = select.args.get("where")
    if where is None:
        return None, None
    nations: list[str] | None = None
    rows: list[Condition] = []
    for term in _top_terms(where.this):
        if _reads_nation(scope.source, term):
            nations = _chosen(scope.source, catalogue, term, nations)
        else:
            rows.append(read_condition(scope, term))
    if nations == []:
        raise scope.source.refusal_at_node(where, "the conditions on nation leave no nation to ask; widen them")
    condition = None if not rows else rows[0] if len(rows) == 1 else Conjunction(tuple(rows))
    return None if nations is None else tuple(nations), condition


def _top_terms(node: exp.Expr) -> list[exp.Expr]:
    """The terms joined by AND outside all else."""
    terms: list[exp.Expr] = []
    waiting = [node]
    while waiting:
        term = unwrapped(waiting.pop())
        if isinstance(term, exp.And):
            waiting.extend((term.args["expression"], term.this))
        else:
            terms.append(term)
    return terms


def _reads_nation(source: Source, term: exp.Expr) -> bool:
    columns = list(term.find_all(exp.Column))
    nation = next((column for column in columns if column.name.lower() == NATION), None)
    if nation is not None and any(column.name.lower() != NATION for column in columns):
        message = "a condition on nation chooses nodes: join it to the other conditions by AND only"
        raise source.refusal_at_node(nation, message)
    return nation is not None


def _chosen(source: Source, catalogue: Catalogue, term: exp.Expr, before: list[str] | None) -> list[str]:
    """The nations for which the term holds, of those that earlier terms left."""
    names = tuple(nation.name for nation in catalogue.nations)
    column = Column(name="nations", type="code", description="the nations of the nodes", codes=names, nullable=False)
    condition = read_condition(Scope(source, {NATION: column}), term)
    left = names if before is None else before
    return [name for name in left if truth(condition, {NATION: name}) is True]


def read_grouping(scope: Scope, select: exp.Select) -> Grouping:
    """What GROUP BY names, each once."""
    group = select.args.get("group")
    names: list[str] = []
    if group is not None and not group.expressions:
        raise scope.source.refusal(scope.source.end, "GROUP BY names no column; name one, or leave GROUP BY out")
    for node in group.expressions if group is not None else []:
        name = _group_name(scope, node)
        if name in names:
            raise scope.source.refusal_at_node(node, f"{name} stands in GROUP BY twice; keep one")
        names.append(name)
    return Grouping(tuple(name for name in names if name != NATION), NATION in names)


def _group_name(scope: Scope, node: exp.Expr) -> str:
    bare = unwrapped(node)
    if not isinstance(bare, exp.Column):
        raise scope.source.refusal_at_node(node, "GROUP BY takes names of columns; write the name")
    if bare.name.lower() == NATION:
        return NATION
    name, column = scope.column(bare)
    with scope.located(bare):
        rules.check_key(column, name)
    return name


def read_items(scope: Scope, select: exp.Select, grouping: Grouping) -> tuple[Item, ...]:
    """What is selected, in order, each under a name of its own."""
    items: list[Item] = []
    names: set[str] = set()
    for node in select.expressions:
        item = _item(scope, node, grouping)
        if item.name.lower() in names:
            raise scope.source.refusal_at_node(node, f"two results are called {item.name}; rename one with AS")
        names.add(item.name.lower())
        items.append(item)
    _check_items(scope.source, select, grouping, items)
    return tuple(items)


def _check_items(source: Source, select: exp.Select, grouping: Grouping, items: Sequence[Item]) -> None:
    if not any(item.aggregates for item in items):
        raise source.refusal(source.tokens[0].start, "nothing is counted: rows cannot be seen; select COUNT(*), say")
    shown = {item.key for item in items}
    for node in select.args["group"].expressions if select.args.get("group") else []:
        name = unwrapped(node).name.lower()
        if name not in shown:
            message = f"{name} is grouped by but not selected, so its rows could not be told apart; select it"
            raise source.refusal_at_node(node, message)


def _item(scope: Scope, node: exp.Expr, grouping: Grouping) -> Item:
    alias = _alias(scope.source, node) if isinstance(node, exp.Alias) else None
    bare = unwrapped(node.this if isinstance(node, exp.Alias) else node)
    if isinstance(bare, exp.Column):
        key = _selected_key(scope, bare, grouping)
        return Item(alias or key, key, ())
    if isinstance(bare, exp.Div):
        dividend = read_aggregate(scope, unwrapped(bare.this))
        divisor = read_aggregate(scope, unwrapped(bare.args["expression"]))
        return Item(alias or f"{_default(dividend)}_per_{_default(divisor)}", None, (dividend, divisor))
    aggregate = read_aggregate(scope, bare)
    return Item(alias or _default(aggregate), None, (aggregate,))


def _alias(source: Source, node: exp.Alias) -> str:
    name = str(node.args["alias"].name)
    if not _ALIAS.fullmatch(name) or "__" in name:
        message = "a name has letters, digits and single underscores, begins with a letter, and is at most 63 long"
        raise source.refusal_at_node(node.args["alias"], message)
    return name


def _selected_key(scope: Scope, node: exp.Column, grouping: Grouping) -> str:
    name = node.name.lower()
    if name != NATION:
        scope.column(node)
    if not grouping.has(name):
        message = f"{name} is neither grouped by nor counted; put it into GROUP BY, or into COUNT, SUM or AVG"
        raise scope.source.refusal_at_node(node, message)
    return name


def read_aggregate(scope: Scope, node: exp.Expr) -> Aggregate:
    """COUNT(*), COUNT(x), COUNTIF(condition), SUM(x) or AVG(x)."""
    if isinstance(node, exp.CountIf):
        return Aggregate(Statistic.COUNT_ROWS, None, read_condition(scope, node.this))
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return Aggregate(Statistic.COUNT_ROWS)
    if type(node) not in _STATISTICS:
        raise scope.source.refusal_at_node(node, f"this cannot stand here; {_ITEMS}")
    statistic = _STATISTICS[type(node)]
    argument = unwrapped(node.this) if node.this is not None else None
    if not isinstance(argument, exp.Column):
        message = "write COUNT(*), COUNT(column) or COUNTIF(condition)" if statistic is Statistic.COUNT_VALUES else ""
        raise scope.source.refusal_at_node(node, message or f"{statistic.value} takes one column's name")
    name, column = scope.column(argument)
    with scope.located(argument):
        rules.check_statistic(column, name, statistic)
    return Aggregate(statistic, name)


def _default(aggregate: Aggregate) -> str:
    if aggregate.statistic is Statistic.COUNT_ROWS:
        return "count" if aggregate.filter is None else "countif"
    return f"{_PREFIXES[aggregate.statistic]}_{aggregate.column}"
