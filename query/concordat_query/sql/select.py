"""From the tree of a SELECT to what is asked of the nodes (keys, conditions, aggregates) and what is shown of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from concordat_query import rules
from concordat_query.canonical import canonical_scalar
from concordat_query.catalogue import Catalogue, Column, Dataset
from concordat_query.errors import Reason
from concordat_query.model import Aggregate, Condition, Conjunction, Scalar
from concordat_query.row_values import truth
from concordat_query.sql.aggregates import AGGREGATES, default_name, read_aggregate
from concordat_query.sql.conditions import named, read_condition, read_scalar
from concordat_query.sql.scope import Scope, unwrapped
from concordat_query.sql.source import Source

NATION = "nation"
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Item:
    """One selected thing under its name: the key `key`, or one aggregate, or the quotient of two."""

    name: str
    key: Scalar | None
    aggregates: tuple[Aggregate, ...]


@dataclass(frozen=True)
class Grouping:
    keys: tuple[Scalar, ...]
    by_nation: bool

    def has(self, key: Scalar) -> bool:
        return key in self.keys or (key == NATION and self.by_nation)


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
    return name, Scope(source, catalogue.datasets[name])


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
    names = [nation.name for nation in catalogue.nations]
    condition = read_condition(Scope(source, _nations(tuple(names))), term)
    left = names if before is None else before
    return [name for name in left if truth(condition, {NATION: name}) is True]


@lru_cache(maxsize=8)
def _nations(names: tuple[str, ...]) -> Dataset:
    """The nodes as a data set of one column, for conditions on nation. No file could hold it: the name is reserved."""
    column = Column.model_construct(name=NATION, type="code", description="", codes=names, nullable=False)
    return Dataset.model_construct(unit="node", columns=(column,))


def read_grouping(scope: Scope, select: exp.Select) -> Grouping:
    """What GROUP BY names, each once."""
    group = select.args.get("group")
    keys: list[Scalar] = []
    if group is not None and not group.expressions:
        raise scope.source.refusal(scope.source.end, "GROUP BY names no column; name one, or leave GROUP BY out")
    for node in group.expressions if group is not None else []:
        key = _group_key(scope, select, node)
        if key in keys:
            raise scope.source.refusal_at_node(node, f"{named(key)} stands in GROUP BY twice; keep one")
        keys.append(key)
    return Grouping(tuple(key for key in keys if key != NATION), NATION in keys)


def _group_key(scope: Scope, select: exp.Select, node: exp.Expr) -> Scalar:
    bare = unwrapped(node)
    if isinstance(bare, exp.Literal):
        message = "GROUP BY takes columns, expressions and names given by AS, not positions; write the name"
        raise scope.source.refusal_at_node(node, message)
    if isinstance(bare, exp.Column):
        if bare.name.lower() == NATION:
            return NATION
        bare = _behind_name(scope, select, bare)
    key = canonical_scalar(read_scalar(scope, bare))
    with scope.located(node):
        rules.check_key(key, scope.dataset)
    return key


def _behind_name(scope: Scope, select: exp.Select, node: exp.Column) -> exp.Expr:
    """The expression that SELECT gives this name to, or the column itself. One name cannot mean both."""
    name = node.name.lower()
    aliased = (each for each in select.expressions if isinstance(each, exp.Alias))
    found = next((each for each in aliased if str(each.args["alias"].name).lower() == name), None)
    if found is None or isinstance(unwrapped(found.this), exp.Column):
        return node
    if name in scope.dataset.by_name:
        message = f"{name} is a column and also the name of another expression; give that another name with AS"
        raise scope.source.refusal_at_node(node, message)
    if found.find(*AGGREGATES):
        raise scope.source.refusal_at_node(node, f"{name} is an aggregate; GROUP BY takes what one row gives")
    return unwrapped(found.this)


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
    _check_items(scope, select, items)
    return tuple(items)


def _check_items(scope: Scope, select: exp.Select, items: Sequence[Item]) -> None:
    source = scope.source
    if not any(item.aggregates for item in items):
        raise source.refusal(source.tokens[0].start, "nothing is counted: rows cannot be seen; select COUNT(*), say")
    shown = {item.key for item in items}
    for node in select.args["group"].expressions if select.args.get("group") else []:
        key = _group_key(scope, select, node)
        if key not in shown:
            message = f"{named(key)} is grouped by but not selected, so its rows could not be told apart; select it"
            raise source.refusal_at_node(node, message)


def _item(scope: Scope, node: exp.Expr, grouping: Grouping) -> Item:
    alias = _alias(scope.source, node) if isinstance(node, exp.Alias) else None
    bare = unwrapped(node.this if isinstance(node, exp.Alias) else node)
    if not bare.find(*AGGREGATES):
        key = _selected_key(scope, bare, grouping)
        return Item(alias or _key_name(scope, bare, key), key, ())
    if isinstance(bare, exp.Div):
        dividend = read_aggregate(scope, unwrapped(bare.this))
        divisor = read_aggregate(scope, unwrapped(bare.args["expression"]))
        return Item(alias or f"{default_name(dividend)}_per_{default_name(divisor)}", None, (dividend, divisor))
    aggregate = read_aggregate(scope, bare)
    name = alias or default_name(aggregate)
    if not name:
        raise scope.source.refusal_at_node(node, "give this result a name: ... AS name")
    return Item(name, None, (aggregate,))


def _alias(source: Source, node: exp.Alias) -> str:
    name = str(node.args["alias"].name)
    if not _ALIAS.fullmatch(name) or "__" in name:
        message = "a name has letters, digits and single underscores, begins with a letter, and is at most 63 long"
        raise source.refusal_at_node(node.args["alias"], message)
    return name


def _selected_key(scope: Scope, node: exp.Expr, grouping: Grouping) -> Scalar:
    if isinstance(node, exp.Column) and node.name.lower() == NATION:
        key: Scalar = NATION
    else:
        key = canonical_scalar(read_scalar(scope, node))
    if not grouping.has(key):
        what = named(key)
        message = f"{what} is neither grouped by nor counted; put it into GROUP BY, or into COUNT, SUM or AVG"
        raise scope.source.refusal_at_node(node, message)
    return key


def _key_name(scope: Scope, node: exp.Expr, key: Scalar) -> str:
    if not isinstance(key, str):
        raise scope.source.refusal_at_node(node, "give this group key a name: ... AS name")
    return key
