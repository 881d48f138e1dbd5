"""What a table's figures leave out, in plain words. From public facts alone: coverage, bounds, the query."""

from collections.abc import Sequence

import numpy as np
from concordat_query.catalogue import OTHER, Catalogue, Dataset
from concordat_query.coverage import Coverage, Held, held_by_cell
from concordat_query.model import Arithmetic, Condition, Expression, Operator, Presentation, Query, both, columns_in
from concordat_query.prose import counted, listed, sentence
from concordat_query.rendering import condition_text

from concordat_privacy.arranging import chooses_by_figures
from concordat_privacy.comparability import comparability_notes
from concordat_privacy.components import Kind
from concordat_privacy.enclosing import protected
from concordat_privacy.linear import linear
from concordat_privacy.margins import noise_margin
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_privacy.plan import Plan
from concordat_privacy.standing import Code, Codes, Standing, columns_read, components_of
from concordat_privacy.status import Status
from concordat_privacy.thresholds import DELTA_STEPS


def notes(catalogue: Catalogue, plan: Plan, presentation: Presentation, stand: Standing) -> tuple[str, ...]:
    """The notes, in order: who is lost, what lacks whom and why, what compares, known differences, limits."""
    dataset = catalogue.dataset(plan.query.dataset)
    return (
        *_lost(stand),
        *([] if presentation.by_nation else _merged(catalogue, stand)),
        *_missing(plan, dataset, stand),
        *comparability_notes(plan, dataset, stand, by_nation=presentation.by_nation),
        *_differences(plan, stand),
        limits_text(plan, dataset),
        *_private(plan, dataset, stand),
        *_biased(plan, stand),
        *_chosen(presentation),
        *_protected(plan.query, dataset, stand),
    )


def _lost(stand: Standing) -> list[str]:
    return [
        f"{entry.nation}: {entry.node} was lost after it was charged. "
        "Run the same query under the same key to complete the result at no further cost."
        for entry in stand.absent
        if entry.cause is Status.UNAVAILABLE
    ]


def _merged(catalogue: Catalogue, stand: Standing) -> list[str]:
    """Whom each merged figure stands for."""
    grouped: dict[str, list[str]] = {}
    for value, column in enumerate(stand.values):
        flags = stand.codes[:, value, :] >= Code.PARTLY_HELD
        sets = {tuple(np.flatnonzero(pattern).tolist()) for pattern in np.unique(flags, axis=1).T}
        ordered = sorted((nations for nations in sets if nations), key=lambda nations: (-len(nations), nations))
        names = [catalogue.total_name(frozenset(stand.nations[n] for n in nations)) for nations in ordered]
        if names:
            text = f"the figures are for {names[0]}" + "".join(f", in some cells for {name}" for name in names[1:])
            grouped.setdefault(text, []).append(column.name)
    return _sentences(grouped)


def _missing(plan: Plan, dataset: Dataset, stand: Standing) -> list[str]:
    """Which nations are missing from which values, wholly or in part, and why; nations alike in one note."""
    values: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for index, nation in enumerate(stand.nations):
        sources = [entry for entry in stand.sources if entry.nation == nation]
        for value, column in enumerate(stand.values):
            if not (extent := _extent(stand.codes[index, value])):
                continue
            reasons = tuple(dict.fromkeys(why for one in sources for why in _reasons(plan, dataset, stand, one, value)))
            if reasons:
                values.setdefault((nation, extent, reasons), []).append(column.name)
    nations: dict[tuple[tuple[str, ...], str, tuple[str, ...]], list[str]] = {}
    for (nation, extent, reasons), names in values.items():
        nations.setdefault((tuple(names), extent, reasons), []).append(nation)
    return [
        f"{', '.join(names)}: {_lacking(missing, extent, reasons)}"
        for (names, extent, reasons), missing in nations.items()
    ]


def _extent(codes: Codes) -> str:
    found = set(codes.tolist())
    if found == {int(Code.NOT_HELD)}:
        return "missing"
    if Code.NOT_HELD in found:
        return "missing from some cells"
    return "answered in part" if Code.PARTLY_HELD in found else ""


def _lacking(nations: list[str], extent: str, reasons: tuple[str, ...]) -> str:
    """A sentence on nations that lack the same for the same reasons, which are verbs without their subject."""
    verb, subject = ("is", "it") if len(nations) == 1 else ("are", "each")
    return sentence(f"{listed(nations)} {verb} {extent}: " + "; ".join(f"{subject} {why}" for why in reasons))


def _reasons(plan: Plan, dataset: Dataset, stand: Standing, source: NodeAnswer | Absent, value: int) -> tuple[str, ...]:
    """Why a node holds less than all of a value; empty where nothing is known or nothing lacks."""
    if source.coverage is None:
        lost = isinstance(source, Absent) and source.cause is Status.UNAVAILABLE
        return () if lost else ("holds nothing of what is asked",)
    if (source.node, value) in stand.mixed:
        return (_mixed(stand.values[value].value),)
    need = components_of(stand.values[value].value, plan)
    return _coverage_reasons(plan, dataset, source.coverage, need)


def _coverage_reasons(plan: Plan, dataset: Dataset, coverage: Coverage, need: Sequence[int]) -> tuple[str, ...]:
    columns = sorted(frozenset().union(*(columns_read(plan, index) for index in need)))
    if lacking := [name for name in columns if not coverage.of(name).held]:
        return (f"holds no {' and no '.join(lacking)}",)
    conditions = [("only rows", coverage.rows), *((f"{name} only", coverage.of(name).rows) for name in columns)]
    given = [(what, condition) for what, condition in conditions if condition is not None]
    limiting = [entry for entry in given if _limits_what_is_asked(plan, dataset, entry[1], need)]
    return tuple(f"holds {what} where {condition_text(condition)}" for what, condition in limiting or given)


def _limits_what_is_asked(plan: Plan, dataset: Dataset, condition: Condition, need: Sequence[int]) -> bool:
    """Whether a component would lack anything, were this the only condition under which data is held."""
    alone = Coverage(rows=condition)
    asked = [both(plan.query.where, plan.components[index].filter) for index in need]
    return any(min(held_by_cell(dataset, alone, where, plan.query.keys, ())) is not Held.ALL for where in asked)


def _mixed(expression: Expression) -> str:
    if isinstance(expression, Arithmetic) and expression.operator is not Operator.DIVIDE:
        return "holds the parts of which it is made for different rows"
    return "holds what is divided and what it is divided by for different rows"


def _differences(plan: Plan, stand: Standing) -> list[str]:
    """Known differences of each node's data that touch the query; nations that differ alike in one note."""
    read = frozenset().union(*(columns_read(plan, index) for index in range(len(plan.components))))
    found: dict[str, dict[str, None]] = {}
    for source in stand.sources:
        own = [] if source.coverage is None else [source.coverage.of(name).difference for name in sorted(read)]
        for text in (*source.differences, *own):
            if text:
                found.setdefault(sentence(text), {})[source.nation] = None
    return [f"{listed(list(nations))}: {text}" for text, nations in found.items()]


def limits_text(plan: Plan, dataset: Dataset) -> str:
    """The bounds that were applied, and that margins do not include what they cut off."""
    unit = dataset.unit.replace("_", " ")
    groups, rows = counted(plan.max_groups, "cell"), counted(plan.max_rows, "row")
    texts = [f"Each {unit} counts in at most {groups} with at most {rows} in each."]
    clamped = {
        name
        for component in plan.components
        if component.kind in (Kind.SUM, Kind.CENTRED, Kind.SQUARES, Kind.PRODUCTS, Kind.CUMULATIVE)
        for name in columns_in(component.scalar) | columns_in(component.other)
        if dataset.column(name).type == "number"
    }
    for name in sorted(clamped):
        column = dataset.column(name)
        texts.append(f"Values of {name} are taken as {column.lower} to {column.upper}.")
    texts.append(
        "Margins are half the width of 95% intervals due to the noise alone, not to what these limits cut off."
    )
    return " ".join(texts)


def _private(plan: Plan, dataset: Dataset, stand: Standing) -> list[str]:
    """How a private key's texts were chosen, and how many each nation's nodes hide, by a noisy count of its own."""
    chosen = plan.selection
    if chosen is None:
        return []
    name, unit = str(plan.query.keys[chosen.key]), dataset.unit.replace("_", " ")
    (hidden,) = (index for index, component in enumerate(plan.components) if component.kind is Kind.HIDDEN)
    counted_at: dict[str, list[int]] = {}
    for answer in stand.answers:
        if hidden in answer.components:
            counted_at.setdefault(answer.nation, []).append(int(answer.components[hidden][0]))
    law = plan.components[hidden].law
    counts = [
        f"{sum(found):,} ± {noise_margin((law,) * len(found)):,} in {nation}" for nation, found in counted_at.items()
    ]
    texts = [
        f"{name} is private: a value is shown where a node's noisy count of units reaches {chosen.threshold}, so that "
        f"one {unit} alone shows none but with probability {chosen.delta_e15 / DELTA_STEPS:.3g}; each node's other "
        f"values are in {OTHER}, and a figure for a value lacks the nodes that do not show it."
    ]
    if counts:
        texts.append(f"Values that are not shown: {listed(counts)}.")
    return [" ".join(texts)]


def _biased(plan: Plan, stand: Standing) -> list[str]:
    """Which values are not unbiased, and that combinations are; of counts and sums themselves nothing is said."""
    forms = [(column, linear(column.value, plan)) for column in stand.values]
    biased = [column.name for column, form in forms if form is None]
    combined = [column.name for column, form in forms if form is not None and isinstance(column.value, Arithmetic)]
    texts = []
    if combined:
        texts.append(f"{', '.join(combined)}: as unbiased as the counts and sums that are combined; margins are exact.")
    if biased:
        texts.append(
            f"{', '.join(biased)}: means, variances, percentiles, quotients and products of noisy figures are not "
            "exactly unbiased."
        )
    return texts


def _chosen(presentation: Presentation) -> list[str]:
    texts = []
    if chooses_by_figures(presentation):
        texts.append(
            "Rows were chosen by their noisy figures, which favours errors: the 95% does not hold for what is left."
        )
    is_cut = presentation.having is not None or presentation.limit is not None or presentation.offset
    if is_cut and (presentation.rollup or presentation.by_nation):
        texts.append("Totals add up all cells, not only the rows that are left.")
    return [" ".join(texts)] if texts else []


def _protected(query: Query, dataset: Dataset, stand: Standing) -> list[str]:
    texts = [protected(dataset, query.calculus)]
    if len(stand.answers) + len(stand.absent) > 1:
        texts.append("Each node protects its own data; whoever is in several nodes' data loses at most the sum.")
    return [" ".join(texts)]


def _sentences(grouped: dict[str, list[str]]) -> list[str]:
    return [f"{', '.join(names)}: {sentence(text)}" for text, names in grouped.items()]
