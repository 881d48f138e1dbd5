"""FROM and WHERE: the data set that is asked, the nations, and the condition on rows."""

from sqlglot import exp

from concordat_query import rules
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Reason
from concordat_query.model import Condition, Conjunction
from concordat_query.row_values import truth
from concordat_query.sql.conditions import read_condition
from concordat_query.sql.nations import NATION, nations_of
from concordat_query.sql.scope import Scope, unwrapped
from concordat_query.sql.source import Source


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
    condition = read_condition(Scope(source, nations_of(catalogue)), term)
    left = [nation.name for nation in catalogue.nations] if before is None else before
    return [name for name in left if truth(condition, {NATION: name}) is True]
