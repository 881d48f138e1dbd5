"""GROUP BY: the keys, whether nations are kept apart, and what ROLLUP sums over."""

from dataclasses import dataclass

from sqlglot import TokenType, exp

from concordat_query import rules
from concordat_query.sql.conditions import Scope, unwrapped

NATION = "nation"
_ROLLUP = "ROLLUP takes names of columns: ROLLUP(a, b)"


@dataclass(frozen=True)
class Grouping:
    """`keys` as GROUP BY lists them; `rollup` those of them within ROLLUP. Totals over nations come at every level, so
    nation within ROLLUP says no more than nation beside it."""

    keys: tuple[str, ...]
    by_nation: bool
    rollup: tuple[str, ...] = ()

    def has(self, name: str) -> bool:
        return name in self.keys or (name == NATION and self.by_nation)


def read_grouping(scope: Scope, select: exp.Select) -> Grouping:
    """What GROUP BY names, each once."""
    group = select.args.get("group")
    if group is not None and not group.expressions:
        raise scope.source.refusal(scope.source.end, "GROUP BY names no column; name one, or leave GROUP BY out")
    _check_rollups(scope, group)
    names: list[str] = []
    rolled: list[str] = []
    for node in grouped_by(select):
        name = _group_name(scope, node)
        if name in names:
            raise scope.source.refusal_at_node(node, f"{name} stands in GROUP BY twice; keep one")
        names.append(name)
        if isinstance(node.parent, exp.Rollup):
            rolled.append(name)
    return Grouping(tuple(name for name in names if name != NATION), NATION in names, _keys_of(rolled))


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


def _keys_of(names: list[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name != NATION)


def _group_name(scope: Scope, node: exp.Expr) -> str:
    bare = unwrapped(node)
    if isinstance(node.parent, exp.Rollup) and not isinstance(bare, exp.Column):
        raise scope.source.refusal_at_node(node, _ROLLUP)
    if not isinstance(bare, exp.Column):
        raise scope.source.refusal_at_node(node, "GROUP BY takes names of columns; write the name")
    if bare.name.lower() == NATION:
        return NATION
    name, column = scope.column(bare)
    with scope.located(bare):
        rules.check_key(column, name)
    return name
