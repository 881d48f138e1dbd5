"""What `concordat explain` prints."""

import math
from collections.abc import Iterator, Sequence

from concordat_privacy.estimates import Status
from concordat_privacy.expectations import Source
from concordat_privacy.foresight import Foresight, Outlook
from concordat_query.prose import counted, listed
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client.display import number_text
from concordat_client.explanation import Explanation, NodeOutlook


def report(explanation: Explanation) -> RenderableType:
    """Cost and what is left, expected margins, and what they rest on."""
    parts: list[RenderableType] = [
        Text(_cost(explanation)),
        Text(""),
        _nodes(explanation.nodes, explanation.counted_in),
    ]
    if explanation.foresight is not None:
        parts += [Text(""), Text("Expected margins (95%, due to the noise alone), in a typical cell")]
        parts.append(_margins(explanation.foresight, explanation.question.plan.cells))
    parts.append(Text(""))
    return Group(*parts, *(Text(line) for line in _lines(explanation)))


def _cost(explanation: Explanation) -> str:
    if all(node.failure for node in explanation.nodes):
        return "No node would answer this; nothing was spent, and running it would cost nothing."
    chosen = explanation.question.plan.selection
    delta = "" if chosen is None else f" and delta {chosen.delta_e15 / 1e15:g}"
    price = f"Cost: epsilon {explanation.epsilon:.3g}{delta} of each nation's own budget, at most."
    return " ".join(text for text in (price, explanation.protection, "Nothing was spent.") if text)


def _table(*names: str) -> RichTable:
    table = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name)
    return table


def _nodes(nodes: Sequence[NodeOutlook], counted_in: str) -> RichTable:
    table = _table("nation", f"cost ({counted_in})", "left after it")
    for node in nodes:
        if node.failure:
            table.add_row(node.nation, "-", Text(node.failure))
        elif not node.takes_part:
            table.add_row(node.nation, "nothing", "holds nothing of what is asked; takes no part")
        else:
            price = "nothing: asked before" if node.stored else f"{node.price_nano / 1e9:.6f}"
            table.add_row(node.nation, price, _left(node))
    return table


def _left(node: NodeOutlook) -> str:
    spent = f"epsilon {node.spent_epsilon:.2f} of {node.budget_epsilon:.2f} spent so far"
    if node.left_nano < 0:
        return f"not enough: {spent}"
    return f"enough for {counted(node.more or 0, 'more question')} like this ({spent})"


def _margins(foresight: Foresight, cells: int) -> RichTable:
    values = list(dict.fromkeys(outlook.value for outlook in foresight.outlooks))
    labels = list(dict.fromkeys(outlook.label for outlook in foresight.outlooks))
    found = {(outlook.label, outlook.value): outlook for outlook in foresight.outlooks}
    shown = labels != [""]
    table = _table(*(["nation"] if shown else []), *values)
    for label in labels:
        row = [_figure(found.get((label, value)), cells) for value in values]
        table.add_row(*([label] if shown else []), *(Text(cell) for cell in row))
    return table


def _figure(outlook: Outlook | None, cells: int) -> str:
    if outlook is None:
        return ""
    if outlook.margin is None:
        return "not known: its sizes are not" if outlook.status in _GIVEN else str(outlook.status)
    part = " [part]" if outlook.status is Status.PARTLY_HELD else ""
    margin = f"± {number_text(outlook.margin, digits(outlook.margin))}"
    if outlook.figure is None:
        return margin + part
    relative = "" if outlook.relative is None else f" ({percent(outlook.relative)})"
    return f"about {rounded(outlook.figure)} {margin}{relative}{part}"


_GIVEN = (Status.OK, Status.PARTLY_HELD, Status.INCOMPLETE)


def digits(margin: float) -> int:
    """Decimals that show two figures of a margin; none from 10 on."""
    return 0 if margin == 0 or margin >= 10 or math.isinf(margin) else max(0, 1 - math.floor(math.log10(margin)))


def rounded(figure: float) -> str:
    """A rough figure with two digits: 13,232 is 13,000."""
    places = max(0, math.floor(math.log10(abs(figure))) - 1) if figure else 0
    return f"{round(figure, -places):,.0f}"


def percent(part: float) -> str:
    return f"{100 * part:.2g}%" if part < 0.1 else f"{100 * part:.0f}%"


def _lines(explanation: Explanation) -> Iterator[str]:
    if explanation.foresight is not None:
        yield from _compared(explanation.foresight)
    yield from _private_key(explanation)
    yield from _halving(explanation)
    yield from _sharing(explanation)
    if explanation.foresight is not None:
        yield from _sizes(explanation.foresight)
        yield from (f"Note: {note}" for note in explanation.foresight.notes)


def _compared(foresight: Foresight) -> Iterator[str]:
    """For each count: the nation where its margin weighs least, beside the one where it weighs most."""
    for value in dict.fromkeys(outlook.value for outlook in foresight.outlooks):
        sized = [o for o in foresight.outlooks if o.value == value and not o.is_total and o.relative is not None]
        if len(sized) < 2:
            continue
        best = min(sized, key=lambda outlook: outlook.relative or 0)
        worst = max(sized, key=lambda outlook: outlook.relative or 0)
        yield (
            f"{value}: the same noise is {percent(best.relative or 0)} of a typical figure in {best.label} and "
            f"{percent(worst.relative or 0)} in {worst.label}."
        )


def _private_key(explanation: Explanation) -> Iterator[str]:
    plan = explanation.question.plan
    if plan.selection is not None:
        name, least = plan.query.keys[plan.selection.key], plan.selection.threshold
        yield (
            f"{name} is private: values that fewer than about {least} units have at a node stay in (other) there, and "
            "a noisy count tells how many do."
        )


def _halving(explanation: Explanation) -> Iterator[str]:
    if explanation.halving_epsilon is None:
        return
    too_much = explanation.halving_epsilon > explanation.most_epsilon
    limit = f", more than one query may cost here ({explanation.most_epsilon:g})" if too_much else ""
    yield f"Half of every margin would cost epsilon {explanation.halving_epsilon:.3g}{limit}."


def _sharing(explanation: Explanation) -> Iterator[str]:
    if explanation.shared < explanation.apart:
        yield (
            f"Sharing: {counted(explanation.shared, 'noisy component')} in place of {explanation.apart}; without it "
            f"margins would be up to {percent(explanation.saved)} larger at this price."
        )


def _sizes(foresight: Foresight) -> Iterator[str]:
    by_source: dict[Source, list[str]] = {}
    for nation, source in foresight.sources.items():
        by_source.setdefault(source, []).append(nation)
    for source, nations in by_source.items():
        yield f"Sizes of {listed(nations)}: {source}."
    if foresight.sources:
        yield (
            "Where nothing better is known, values are taken as evenly spread and columns as independent, so typical "
            "figures are rough. Margins of counts and sums do not depend on them; those of means and quotients do. "
            "A node's operator can make them better by a charged profile of its edition."
        )
