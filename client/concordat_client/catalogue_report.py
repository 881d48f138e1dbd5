"""What `concordat catalogue` prints: the data sets, and of one data set who holds which column, when, how it differs.

Definitions come from the analyst's own catalogue, holdings from the nodes: with the coordinator away, definitions are
told alone and holdings are said to be unknown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from concordat.v1 import coordinator_pb2
from concordat_privacy.enclosing import protected
from concordat_query.catalogue import Catalogue, Column, Dataset
from concordat_query.coverage import Coverage
from concordat_query.errors import Refusal, Unavailable
from concordat_query.prose import counted, listed, sentence
from concordat_query.rendering import condition_text
from concordat_query.rules import find_column
from concordat_query.wire import coverage_from_proto
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

Describe = Callable[[], coordinator_pb2.CoordinatorServiceDescribeResponse]
SHOWN_CODES = 12
"""A longer code list is told by its beginning."""


@dataclass(frozen=True)
class Holder:
    """A node as the report names it, and what it says that it holds of one data set.

    Without `coverage` it holds nothing, or nothing is known of it, for the reason `unknown`.
    """

    name: str
    coverage: Coverage | None = None
    differences: tuple[str, ...] = ()
    unknown: str = ""


def overview(catalogue: Catalogue) -> RenderableType:
    """The data sets, by the name that FROM takes."""
    table = RichTable("data set", "title", "what is protected", show_edge=False, pad_edge=False, header_style="bold")
    for name, dataset in catalogue.datasets.items():
        table.add_row(name, dataset.title, dataset.unit_description)
    return Group(Text(f"{catalogue.title}, version {catalogue.version}"), Text(""), table)


def history(catalogue: Catalogue) -> RenderableType:
    """What every version changed, the latest first."""
    table = RichTable("version", "date", "what changed", show_edge=False, pad_edge=False, header_style="bold")
    for change in reversed(catalogue.history):
        table.add_row(str(change.version), change.date.isoformat(), Text(change.what))
    return table if catalogue.history else Text("Version 1 has no history.")


def report(catalogue: Catalogue, name: str, column: str | None, describe: Describe) -> RenderableType:
    """A data set, or one column of it with all its values. Refuses unknown names before anyone is asked."""
    dataset = catalogue.dataset(name)
    chosen = dataset.columns if column is None else (find_column(dataset.by_name, column),)
    try:
        holders = _holders(describe().nodes, name, [nation.name for nation in catalogue.nations])
        away = ""
    except Unavailable as error:
        holders, away = (), f"Who holds what is unknown: {sentence(error.message)}"
    head = [] if column is not None else _head(catalogue, name, dataset)
    parts: list[RenderableType] = [*head, *([Text(away), Text("")] if away else [])]
    if column is None and holders:
        parts += [Text("rows", style="bold"), *map(_indented, _rows(holders)), Text("")]
    for each in chosen:
        parts += [_title(each), *map(_indented, (*_definition(each, name, whole=column is not None),))]
        parts += [*map(_indented, _held(holders, each.name)), Text("")]
    return Group(*parts[:-1])


def _head(catalogue: Catalogue, name: str, dataset: Dataset) -> list[RenderableType]:
    rows = counted(dataset.max_rows_per_unit, "row")
    unit = dataset.unit.replace("_", " ")
    account = f"Charges are made to the account of {dataset.population}."
    told = f"{protected(dataset, None)} A {unit} has at most {rows}. {account}"
    title = f"{name}: {dataset.title} (catalogue version {catalogue.version})"
    return [Text(title, style="bold"), Text(dataset.description), Text(told), Text("")]


def _indented(text: str) -> RenderableType:
    return Padding(Text(text), (0, 0, 0, 2))


def _title(column: Column) -> Text:
    marks = ["group key"] if column.may_be_key else []
    marks += [f"since version {column.since}"] if column.since > 1 else []
    return Text(column.name, style="bold").append(f" ({'; '.join(marks)})" if marks else "", style="not bold")


def _definition(column: Column, dataset: str, *, whole: bool) -> list[str]:
    lines = [column.description, f"Values: {values_text(column, dataset, whole=whole)}"]
    match column.across_nations:
        case "comparable":
            lines.append("Across nations: comparable.")
        case "with caveat":
            lines.append(f"Across nations: comparable with a caveat. {sentence(column.across_nations_note.strip())}")
        case "not comparable":
            note = sentence(column.across_nations_note.strip())
            lines.append(f"Across nations: NOT COMPARABLE; figures that touch it are never added up. {note}")
    return lines


def values_text(column: Column, dataset: str, *, whole: bool) -> str:
    """A column's values; of a long code list the beginning and how to see it `whole`, which is one code to a line."""
    missing = "may be missing" if column.nullable else "never missing"
    if column.type != "code":
        decimals = f" with {counted(column.decimals, 'decimal')}" if column.decimals else ""
        return f"{column.type}s from {column.lower} to {column.upper}{decimals}; {missing}."
    if whole:
        return "\n  ".join((f"{missing}.", *column.codes))
    if len(column.codes) <= SHOWN_CODES:
        return f"{' | '.join(column.codes)}; {missing}."
    first = column.codes[: SHOWN_CODES // 2]
    rest = f"and {len(column.codes) - len(first)} more; {missing}."
    return f"{' | '.join(first)} {rest} For all: concordat catalogue {dataset} --column {column.name}"


# Holdings. Nodes of which the same is to be said are named together.


def _holders(
    nodes: Iterable[coordinator_pb2.NodeDescription], dataset: str, order: Sequence[str]
) -> tuple[Holder, ...]:
    """The nodes by their nations' names, in `order`; where a nation has several, the node's name stands beside it."""
    nodes = sorted(nodes, key=lambda node: (*(n != node.nation for n in order), node.node))
    nations = [node.nation for node in nodes]
    names = [n.nation if nations.count(n.nation) == 1 else f"{n.nation} ({n.node})" for n in nodes]
    return tuple(_holder(name, node, dataset) for name, node in zip(names, nodes, strict=True))


def _holder(name: str, node: coordinator_pb2.NodeDescription, dataset: str) -> Holder:
    if node.WhichOneof("outcome") == "failure":
        return Holder(name, unknown=node.failure.message or node.failure.reason)
    for holding in node.description.holdings:
        if holding.dataset == dataset:
            try:
                return Holder(name, coverage_from_proto(holding.coverage), tuple(holding.differences))
            except Refusal:
                return Holder(name, unknown="what it says of its holdings cannot be read")
    return Holder(name)


def _rows(holders: Sequence[Holder]) -> list[str]:
    return _together([(holder.name, _rows_of(holder)) for holder in holders])


def _rows_of(holder: Holder) -> str:
    if holder.coverage is None:
        return f"unknown: {sentence(holder.unknown)}" if holder.unknown else "nothing held."
    rows = holder.coverage.rows
    what = "all rows." if rows is None else f"where {condition_text(rows)}."
    return " ".join((what, *map(sentence, holder.differences)))


def _held(holders: Sequence[Holder], column: str) -> list[str]:
    return _together([(holder.name, _held_of(holder, column)) for holder in holders])


def _held_of(holder: Holder, column: str) -> str:
    if holder.coverage is None:
        return "unknown." if holder.unknown else "not held."
    entry = holder.coverage.of(column)
    rows = "" if entry.rows is None else f" where {condition_text(entry.rows)}"
    what = f"held{rows}." if entry.held else "not held."
    return f"{what} {sentence(entry.difference)}" if entry.difference else what


def _together(said: Iterable[tuple[str, str]]) -> list[str]:
    names: dict[str, list[str]] = {}
    for name, text in said:
        names.setdefault(text, []).append(name)
    if len(names) == 1 and len(next(iter(names.values()))) > 1:
        return [f"All: {text}" for text in names]
    return [f"{listed(same)}: {text}" for text, same in names.items()]
