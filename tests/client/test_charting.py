"""Charts: every row is there with its figure or the reason why it has none, in the table's order."""

import io
import math
from collections.abc import Iterator

import pytest
from concordat_client import Result
from concordat_query.errors import Refusal
from fakes.catalogue import NATIONS
from fakes.results import COUNTS, MEANS, NO_AGE, FakeParties
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

PARTIES = FakeParties(coverage={"Northern Ireland": NO_AGE})
TINY = {nation: [[3 + i, 0, 9]] * 3 for i, nation in enumerate(NATIONS)}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def labels(figure: Figure) -> list[str]:
    return [label.get_text() for axis in figure.axes for label in axis.get_yticklabels()]


def bars(figure: Figure) -> Iterator[tuple[float, float]]:
    """Each error bar's ends."""
    for axis in figure.axes:
        for container in axis.containers:
            if isinstance(container, ErrorbarContainer):
                (segment,) = container.lines[2][0].get_segments()
                yield float(segment[0][0]), float(segment[1][0])


def expected_labels(result: Result) -> list[str]:
    return [", ".join(str(label) for label in row.labels.values()) for row in result]


def test_a_chart_has_every_row_in_the_tables_order_with_error_bars_of_the_margin() -> None:
    result = PARTIES.result(COUNTS)
    figure = result.chart()
    assert labels(figure) == expected_labels(result)
    figures = [value for row in result.table.rows for value in row.values if value is not None]
    ends = [(value.estimate - value.margin, value.estimate + value.margin) for value in figures]  # type: ignore[operator]  # all have one
    assert list(bars(figure)) == ends
    assert texts(figure)[0] == "1,000 ± 16"
    assert len(figure.axes) == 2  # totals have an axis of their own
    figure.savefig(io.BytesIO())


def test_a_value_that_is_missing_is_shown_by_its_mark_and_reason_and_an_unbounded_one_by_infinity() -> None:
    result = PARTIES.result(MEANS, TINY)
    figure = result.chart("mean_age")
    shown = texts(figure)
    assert len(shown) == len(result)
    for row, text in zip(result, shown, strict=True):
        value = row.values["mean_age"]
        assert value is not None
        if value.estimate is None:
            assert text.startswith(("[x] not available", "[undefined] the denominator"))
        else:
            assert ("± ∞" in text) == (value.margin == math.inf)
    assert len(list(bars(figure))) == sum(
        value.estimate is not None for value in (row.values["mean_age"] for row in result) if value
    )
    assert "no bound holds" in str(figure.get_supxlabel())


def test_the_alternative_text_tells_all_that_the_chart_shows() -> None:
    result = PARTIES.result(MEANS)
    text = result.chart_text("mean_age")
    assert text.startswith("Casualties: mean_age. England, Fatal: ")
    assert "Northern Ireland, Slight: [x] not available: not held" in text
    assert text.endswith("Error bars: 95%, due to the noise alone.")
    assert text.count("±") == sum(
        row.values["mean_age"].estimate is not None for row in result if row.values["mean_age"]
    )


def test_what_a_chart_cannot_show_is_refused() -> None:
    with pytest.raises(Refusal, match="name one with value="):
        PARTIES.result(MEANS).chart()
    many = (
        "SELECT nation, severity, year, mode, COUNT(*) AS n FROM road.casualties GROUP BY nation, severity, year, mode"
    )
    with pytest.raises(Refusal, match="more than 80 rows"):
        PARTIES.result(many).chart()
