"""GROUP BY: the keys, whether nations are kept apart, and what ROLLUP sums over."""

from dataclasses import dataclass

from sqlglot import TokenType, exp

from concordat_query import rules
from concordat_query.canonical import canonical_scalar
from concordat_query.domains import text_key
from concordat_query.errors import SqlRefusal
from concordat_query.model import Scalar
from concordat_query.sql.aggregates import holds_aggregate
from concordat_query.sql.conditions import named, read_scalar
from concordat_query.sql.nations import NATION
from concordat_query.sql.scope import Scope, unwrapped

_ROLLUP = "ROLLUP takes what is grouped by: ROLLUP(a, b)"


@dataclass(frozen=True)
class Grouping:
    """`keys` as GROUP BY lists them; `rollup` those of them within ROLLUP. Totals over nations come at every level, so
    nation within ROLLUP says no more than nation beside it."""

    keys: tuple[Scalar, ...]
    by_nation: bool
    rollup: tuple[Scalar, ...] = ()

    def has(self, key: Scalar) -> bool:
        return key in self.keys or (key == NATION and self.by_nation)


def read_grouping(scope: Scope, select: exp.Select, *, private_keys: bool) -> Grouping:
    """What GROUP BY names, each once. A column of private texts must be asked for by `private_keys`."""
    group = select.args.get("group")
    if group is not None and not group.expressions:
        raise scope.source.refusal(scope.source.end, "GROUP BY names no column; name one, or leave GROUP BY out")
    _check_rollups(scope, group)
    keys: list[Scalar] = []
    rolled: list[Scalar] = []
    for node in grouped_by(select):
        key = group_key(scope, select, node)
        if key in keys:
            raise scope.source.refusal_at_node(node, f"{named(key)} stands in GROUP BY twice; keep one")
        keys.append(key)
        if not private_keys and key != NATION and text_key([key], scope.dataset):
            raise _not_asked_for(scope, node, key)
        if isinstance(node.parent, exp.Rollup):
            rolled.append(key)
    return Grouping(_without_nation(keys), NATION in keys, _without_nation(rolled))


def _not_asked_for(scope: Scope, node: exp.Expr, key: Scalar) -> SqlRefusal:
    refused = rules.private_key_refused(named(key))
    return scope.source.refusal_at_node(node, refused.message, refused.reason)


def grouped_by(select: exp.Select) -> list[exp.Expr]:
    """The nodes of all that is grouped by, within ROLLUP and beside it, in order."""
    group = select.args.get("group")
    nodes: list[exp.Expr] = []
    for node in group.expressions if group is not None else []:
        nodes.extend(node.expressions if isinstance(node, exp.Rollup) else (node,))
    return nodes


def _check_rollups(scope: Scope, group: exp.Expr | None) -> None:
    found = [node for node in (group.expressions if group is not None else []) if isinstance(node, exp.Rollup)]
    for node in found:
        if not node.expressions:
            at = scope.source.next_of(TokenType.ROLLUP, 0)
            raise scope.source.refusal(at, _ROLLUP)
    if len(found) > 1:
        message = "one ROLLUP is answered at a time; put its columns into the first, or keep them beside it"
        raise scope.source.refusal_at_node(found[1], message)


def _without_nation(keys: list[Scalar]) -> tuple[Scalar, ...]:
    return tuple(key for key in keys if key != NATION)


def group_key(scope: Scope, select: exp.Select, node: exp.Expr) -> Scalar:
    """The canonical key that a term of GROUP BY means, or NATION."""
    bare = unwrapped(node)
    if isinstance(bare, exp.Literal):
        message = "GROUP BY takes columns, expressions and names given by AS, not positions; write the name"
        raise scope.source.refusal_at_node(node, message)
    if isinstance(bare, exp.Column) and bare.name.lower() != NATION:
        bare = _behind_name(scope, select, bare)
    if isinstance(bare, exp.Column) and bare.name.lower() == NATION:
        return NATION
    key = canonical_scalar(read_scalar(scope, bare))
    with scope.located(node):
        rules.check_key(key, scope.dataset)
    return key


def _behind_name(scope: Scope, select: exp.Select, node: exp.Column) -> exp.Expr:
    """The expression that SELECT gives this name to, or the column itself. One name cannot mean both."""
    name = node.name.lower()
    aliased = (each for each in select.expressions if isinstance(each, exp.Alias))
    found = next((each for each in aliased if str(each.args["alias"].name).lower() == name), None)
    if found is None:
        return node
    if isinstance(unwrapped(found.this), exp.Column):
        return node if name in scope.dataset.by_name else unwrapped(found.this)
    if name in scope.dataset.by_name:
        message = f"{name} is a column and also the name of another expression; give that another name with AS"
        raise scope.source.refusal_at_node(node, message)
    if holds_aggregate(found):
        raise scope.source.refusal_at_node(node, f"{name} is an aggregate; GROUP BY takes what one row gives")
    return unwrapped(found.this)
