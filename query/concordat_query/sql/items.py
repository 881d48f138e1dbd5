"""The SELECT list: keys, aggregates and expressions of them, each under a name of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from concordat_query.canonical import canonical_scalar
from concordat_query.model import Expression, Scalar
from concordat_query.sql.aggregates import holds_aggregate, is_aggregate, name_of, read_aggregate
from concordat_query.sql.conditions import named, read_scalar
from concordat_query.sql.expressions import Aggregates, Reader
from concordat_query.sql.grouping import Grouping, group_key, grouped_by
from concordat_query.sql.nations import NATION
from concordat_query.sql.scope import Scope, unwrapped
from concordat_query.sql.source import Source

_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True)
class Item:
    """One selected thing under its name: the key `key`, or `value`."""

    name: str
    key: Scalar | None
    value: Expression | None


def read_items(scope: Scope, select: exp.Select, grouping: Grouping, aggregates: Aggregates) -> tuple[Item, ...]:
    """What is selected, in order, each under a name of its own."""
    items: list[Item] = []
    names: set[str] = set()
    for node in select.expressions:
        item = _item(scope, node, grouping, aggregates)
        if item.name.lower() in names:
            raise scope.source.refusal_at_node(node, f"two results are called {item.name}; rename one with AS")
        names.add(item.name.lower())
        items.append(item)
    _check_items(scope, select, items)
    return tuple(items)


def _check_items(scope: Scope, select: exp.Select, items: Sequence[Item]) -> None:
    if not any(item.value is not None for item in items):
        message = "nothing is counted: rows cannot be seen; select COUNT(*), say"
        raise scope.source.refusal(scope.source.tokens[0].start, message)
    shown = {item.key for item in items}
    for node in grouped_by(select):
        key = group_key(scope, select, node)
        if key not in shown:
            message = f"{named(key)} is grouped by but not selected, so its rows could not be told apart; select it"
            raise scope.source.refusal_at_node(node, message)


def _item(scope: Scope, node: exp.Expr, grouping: Grouping, aggregates: Aggregates) -> Item:
    alias = _alias(scope.source, node) if isinstance(node, exp.Alias) else None
    bare = unwrapped(node.this if isinstance(node, exp.Alias) else node)
    if not holds_aggregate(bare):
        key = _selected_key(scope, bare, grouping)
        return Item(alias or _key_name(scope, bare, key), key, None)
    value = Reader(scope, aggregates).read(bare)
    return Item(alias or _default(scope, bare), None, value)


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


def _default(scope: Scope, node: exp.Expr) -> str:
    """The name of what is given none: an aggregate, or the quotient of two."""
    parts = [node]
    if isinstance(node, exp.Div | exp.SafeDivide):
        parts = [unwrapped(node.this), unwrapped(node.args["expression"])]
    if not all(is_aggregate(part) for part in parts):
        raise scope.source.refusal_at_node(node, "an expression needs a name: write AS and one after it")
    names = [name_of(read_aggregate(scope, part)) for part in parts]
    if not all(names):
        raise scope.source.refusal_at_node(node, "an expression needs a name: write AS and one after it")
    return "_per_".join(names)
