"""The SQL of mappings, limited to what keeps privacy units apart.

One SELECT of expressions over one row; FROM one source; LEFT JOINs to declared parents on exactly their key. Aggregates
are refused altogether, within a unit too: what a unit's rows say together is for queries to ask, under their bounds.
WHERE may leave out rows that are no records of the data set; what a node does not hold belongs in the mapping's
`holds`, which is public. The statement that runs is written anew from the checked tree, never the text as given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from concordat_query.errors import Reason, Refusal, SqlRefusal
from concordat_query.sql.source import Source, shown
from sqlglot import exp

from concordat_node.importing.row_expressions import check_expression, guarded, sql_of
from concordat_node.importing.sql_text import parse_expression, parse_select, read_text

_CLAUSES = {
    "distinct": "DISTINCT compares rows with each other",
    "group": "GROUP BY puts rows together; aggregates are not part of the mapping language",
    "having": "HAVING needs aggregates, which are not part of the mapping language",
    "order": "ORDER BY compares rows; an edition has an order of its own",
    "limit": "LIMIT depends on the other rows; the catalogue's max_rows_per_unit bounds a unit",
    "offset": "OFFSET depends on the other rows",
    "qualify": "QUALIFY reads other rows",
    "windows": "windows read other rows",
    "sample": "a sample depends on the other rows",
    "with_": "WITH names subqueries, which read other rows; declare sources instead",
    "locks": "a mapping only reads",
}
_ONE_SOURCE = "FROM takes one declared source, with LEFT JOINs to declared parents"


@dataclass(frozen=True)
class Join:
    """A LEFT JOIN to a parent: `keys` pairs each column of its key with an expression over the sources before it."""

    source: str
    alias: str
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Statement:
    """A checked mapping. Expressions are DuckDB SQL over the sources' aliases, quoted, with casts that cannot fail."""

    fact: str
    alias: str
    joins: tuple[Join, ...]
    columns: dict[str, str]
    unit_id: str
    where: str | None
    reads: dict[str, frozenset[str]]
    """By source, the columns that are read, in lower case."""


def check_mapping_sql(select: str, unit_id: str, parents: Mapping[str, tuple[str, ...]]) -> Statement:
    """The statement of a mapping's `select` and `unit_id`.

    `parents` gives every declared source's parent key, empty for the one whose rows are records. Refuses with the key
    and place at fault ("select: line 2, column 5").
    """
    with _Located("select"):
        source = read_text(select)
        reader = _Reader(source, parents, parse_select(source))
        columns = reader.columns()
        where = reader.where()
        joins = reader.joins()
    with _Located("unit_id"):
        unit = reader.unit_id(read_text(unit_id))
    with _Located("sources"):
        reader.check_all_used()
    return Statement(reader.fact, reader.fact_alias, joins, columns, unit, where, reader.reads())


class _Located:
    """Names the mapping's key in refusals; the parser recurses, so a text may also be too deep for it."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RecursionError):
            raise Refusal(Reason.SQL_NOT_SUPPORTED, "the text nests too deep; simplify it", field=self.key) from None
        if isinstance(error, SqlRefusal):
            error.field = self.key


class _Reader:
    """Reads one parsed SELECT. Remembers which columns of which source were read."""

    def __init__(self, source: Source, parents: Mapping[str, tuple[str, ...]], select: exp.Select) -> None:
        self._source = source
        self._select = select
        self._parents = {name.lower(): key for name, key in parents.items()}
        self._by_alias: dict[str, str] = {}
        self._reads: dict[str, set[str]] = {}
        self._check_clauses()
        self.fact, self.fact_alias = self._from()
        self._joined = [self._join(join) for join in select.args.get("joins") or []]

    def columns(self) -> dict[str, str]:
        """Output columns by name."""
        found: dict[str, str] = {}
        for node in self._select.expressions:
            name = node.alias_or_name.lower()
            value = node.this if isinstance(node, exp.Alias) else node
            if not isinstance(node, exp.Alias | exp.Column) or not name:
                check_expression(self._source, node)
                raise self._refuse(node, "give this column the catalogue's name with AS")
            found_before = name in found
            found[name] = self._expression(self._source, value, frozenset(self._by_alias))
            if found_before:
                raise self._refuse(node, f"column {shown(name)} is given twice")
        return found

    def where(self) -> str | None:
        where = self._select.args.get("where")
        return None if where is None else self._expression(self._source, where.this, frozenset(self._by_alias))

    def joins(self) -> tuple[Join, ...]:
        visible = [self.fact_alias]
        found = []
        for source, alias, node in self._joined:
            found.append(self._keys(source, alias, node, frozenset(visible)))
            visible.append(alias)
        return tuple(found)

    def unit_id(self, source: Source) -> str:
        """The unit's id: an expression over the fact source only, so that no other table can merge or split units."""
        return self._expression(source, parse_expression(source), frozenset({self.fact_alias}))

    def check_all_used(self) -> None:
        if unused := sorted(set(self._parents) - set(self._by_alias.values())):
            raise self._refuse(
                self._select, f"source {shown(unused[0])} is declared and not used; remove it or join it"
            )

    def reads(self) -> dict[str, frozenset[str]]:
        return {source: frozenset(self._reads.get(source, ())) for source in set(self._by_alias.values())}

    def _check_clauses(self) -> None:
        for name, value in self._select.args.items():
            if name in ("expressions", "from_", "joins", "where") or value in (None, False, []):
                continue
            at = value[0] if isinstance(value, list) else value
            reason = _CLAUSES.get(name, "this clause is not part of the mapping language")
            raise self._refuse(at if isinstance(at, exp.Expr) else self._select, reason)

    def _from(self) -> tuple[str, str]:
        clause = self._select.args.get("from_")
        if clause is None:
            raise self._refuse(self._select, _ONE_SOURCE)
        source, alias = self._table(clause.this)
        if self._parents[source]:
            raise self._refuse(clause.this, f"source {shown(source)} is a parent: it may only be joined")
        return source, alias

    def _join(self, node: exp.Expr) -> tuple[str, str, exp.Expr]:
        kept = {name: value for name, value in node.args.items() if value not in (None, False, [])}
        if kept.get("side") != "LEFT" or kept.get("kind") not in (None, "OUTER") or set(kept) - _JOIN_ARGUMENTS:
            raise self._refuse(node, "a source may be joined only by LEFT JOIN ... ON")
        if "on" not in kept:
            raise self._refuse(node, "LEFT JOIN needs ON, with the parent's whole key")
        source, alias = self._table(node.this)
        if not self._parents[source]:
            raise self._refuse(node.this, f"only a parent may be joined: declare sources.{source}.parent_key")
        return source, alias, node.args["on"]

    def _table(self, node: exp.Expr) -> tuple[str, str]:
        kept = {name: value for name, value in node.args.items() if value not in (None, False, [])}
        if (
            not isinstance(node, exp.Table)
            or not isinstance(node.this, exp.Identifier)
            or set(kept) - {"this", "alias"}
        ):
            raise self._refuse(node, _ONE_SOURCE)
        alias = kept.get("alias")
        if alias is not None and [name for name, value in alias.args.items() if value] != ["this"]:
            raise self._refuse(node, "a source's alias is one name")
        source, short = node.name.lower(), node.alias_or_name.lower()
        if source not in self._parents:
            raise self._refuse(node, f"{shown(source)} is not a declared source; there are {', '.join(self._parents)}")
        if short in self._by_alias:
            raise self._refuse(node, f"two sources are called {shown(short)}; give one an alias")
        self._by_alias[short] = source
        return source, short

    def _keys(self, source: str, alias: str, on: exp.Expr, visible: frozenset[str]) -> Join:
        declared = [name.lower() for name in self._parents[source]]
        pairs: dict[str, str] = {}
        for term in _terms(on):
            column, other = self._key_term(term, alias)
            if column not in declared or column in pairs:
                break
            pairs[column] = self._expression(self._source, other, visible)
            self._reads.setdefault(source, set()).add(column)
        else:
            if set(pairs) == set(declared):
                return Join(source, alias, tuple((name, pairs[name]) for name in declared))
        raise self._refuse(on, f"join {shown(source)} by equality on exactly its key: {', '.join(declared)}")

    def _key_term(self, term: exp.Expr, alias: str) -> tuple[str, exp.Expr]:
        if isinstance(term, exp.EQ):
            for side, other in ((term.this, term.args["expression"]), (term.args["expression"], term.this)):
                if isinstance(side, exp.Column) and side.table.lower() == alias:
                    check_expression(self._source, side)
                    return side.name.lower(), other
        raise self._refuse(term, f"a parent is joined by terms like {alias}.key = x, with AND between them")

    def _expression(self, source: Source, node: exp.Expr, visible: frozenset[str]) -> str:
        check_expression(source, node)
        return sql_of(guarded(node).transform(lambda part: self._qualified(source, part, visible)))

    def _qualified(self, source: Source, node: exp.Expr, visible: frozenset[str]) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        alias = node.table.lower() or (self.fact_alias if len(self._by_alias) == 1 else "")
        if not alias:
            raise source.refusal_at_node(node, f"say whose column {shown(node.name)} is: source.{node.name}")
        if alias not in self._by_alias:
            raise source.refusal_at_node(node, f"there is no source {shown(alias)} in FROM", Reason.UNKNOWN_COLUMN)
        if alias not in visible:
            others = ", ".join(sorted(visible))
            raise source.refusal_at_node(node, f"this may not read source {shown(alias)}, only {others}")
        self._reads.setdefault(self._by_alias[alias], set()).add(node.name.lower())
        return exp.column(node.name.lower(), table=alias, quoted=True)

    def _refuse(self, node: exp.Expr, message: str) -> SqlRefusal:
        return self._source.refusal_at_node(node, message)


_JOIN_ARGUMENTS = {"this", "side", "kind", "on"}


def _terms(node: exp.Expr) -> list[exp.Expr]:
    while isinstance(node, exp.Paren):
        node = node.this
    return _terms(node.this) + _terms(node.args["expression"]) if isinstance(node, exp.And) else [node]
