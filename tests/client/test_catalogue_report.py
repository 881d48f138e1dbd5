"""`concordat catalogue`: what a column means, whether it compares, and who holds it when."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from concordat.v1 import coordinator_pb2
from concordat_client.catalogue_comparison import comparison
from concordat_client.catalogue_report import report
from concordat_client.cli import main
from concordat_query.catalogue import Catalogue
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Reason, Refusal, Unavailable
from concordat_query.model import Comparator, Comparison
from concordat_query.wire import coverage_to_proto
from fakes.analysts import write_client
from fakes.catalogue import code, comparing, enclosing, small_catalogue
from fakes.federation import write_federation
from fakes.toml import write_toml
from rich.console import Console

CATALOGUE = comparing(mode="not comparable", age="with caveat")
CASUALTIES = "road.casualties"
Described = coordinator_pb2.CoordinatorServiceDescribeResponse
SINCE_2015 = Comparison("year", Comparator.GREATER_OR_EQUAL, Decimal(2015))


def described(*nodes: tuple[str, str, Coverage | None], differences: tuple[str, ...] = ()) -> Described:
    """Nodes with the nations and holdings given; without a coverage a node has nothing of the data set."""
    response = Described()
    for name, nation, coverage in nodes:
        node = response.nodes.add(node=name, nation=nation)
        node.description.SetInParent()
        if coverage is not None:
            proto = coverage_to_proto(coverage)
            node.description.holdings.add(dataset=CASUALTIES, coverage=proto, differences=differences)
    return response


def shown(response: Described, column: str | None = None, catalogue: Catalogue = CATALOGUE) -> list[str]:
    console = Console(width=500, no_color=True)
    with console.capture() as capture:
        console.print(report(catalogue, CASUALTIES, column, lambda: response))
    return [line.strip() for line in capture.get().splitlines()]


def of(column: str, lines: list[str]) -> list[str]:
    """The lines of one column."""
    start = next(i for i, line in enumerate(lines) if line.split(" ")[0] == column)
    return lines[start : lines.index("", start)] if "" in lines[start:] else lines[start:]


def test_nations_alike_are_named_together_and_others_by_when_and_how_they_differ() -> None:
    late = Coverage(columns=(ColumnCoverage("age", rows=SINCE_2015, difference="Estimated by the officer"),))
    none = Coverage(columns=(ColumnCoverage("age", held=False),))
    lines = shown(
        described(
            ("e", "England", late), ("w", "Wales", late), ("n", "Northern Ireland", None), ("s", "Scotland", none)
        )
    )
    age = of("age", lines)
    assert "England and Wales: held where year >= 2015. Estimated by the officer." in age
    assert "Scotland and Northern Ireland: not held." in age
    assert "England, Wales and Scotland: held." in of("severity", lines)


def test_rows_are_told_once_before_the_columns() -> None:
    rows = Coverage(rows=SINCE_2015)
    lines = of("rows", shown(described(("e", "England", rows), ("w", "Wales", None), differences=("Own scheme",))))
    assert lines == ["rows", "England: where year >= 2015. Own scheme.", "Wales: nothing held."]


def test_what_compares_is_told_of_every_column() -> None:
    lines = shown(described(("e", "England", Coverage())))
    assert "Across nations: comparable." in of("severity", lines)
    assert any("comparable with a caveat. Each measures age anew." in line for line in of("age", lines))
    assert any("NOT COMPARABLE" in line and "Each measures mode anew." in line for line in of("mode", lines))


def test_nodes_of_one_nation_are_told_apart() -> None:
    nodes = described(("first", "England", Coverage()), ("second", "England", None), ("w", "Wales", Coverage()))
    lines = of("age", shown(nodes))
    assert lines[-2:] == ["England (first) and Wales: held.", "England (second): not held."]


def test_a_node_that_cannot_be_asked_is_unknown_and_not_without_data() -> None:
    response = described(("e", "England", Coverage()), ("w", "Wales", None))
    response.nodes[1].failure.reason = "NODE_UNAVAILABLE"
    response.nodes[1].failure.message = "the node cannot be reached"
    lines = shown(response)
    assert "Wales: unknown: the node cannot be reached." in of("rows", lines)
    assert "Wales: unknown." in of("age", lines)


def test_with_the_coordinator_away_definitions_are_told_and_holdings_unknown() -> None:
    def away() -> Described:
        raise Unavailable(Reason.NODE_UNAVAILABLE, "the other side cannot be reached")

    console = Console(width=200)
    with console.capture() as capture:
        console.print(report(CATALOGUE, CASUALTIES, None, away))
    assert "Who holds what is unknown: the other side cannot be reached." in capture.get()
    assert "NOT COMPARABLE" in capture.get()
    assert "held." not in capture.get()


def many_codes() -> Catalogue:
    content: Any = small_catalogue().model_dump(mode="json")
    content["datasets"][CASUALTIES]["columns"].append(code("area", *(f"Area {i}, and all" for i in range(30))))
    return Catalogue.model_validate(content)


def test_a_long_code_list_is_told_by_its_beginning_and_whole_when_asked_for() -> None:
    nodes = described(("e", "England", Coverage()))
    short = "\n".join(of("area", shown(nodes, catalogue=many_codes())))
    assert (
        "Area 5, and all and 24 more; may be missing. For all: concordat catalogue road.casualties --column area"
        in short
    )
    assert "Area 6," not in short
    whole = shown(nodes, "area", many_codes())
    assert [line for line in whole if line.startswith("Area ")] == [f"Area {i}, and all" for i in range(30)]
    assert "severity" not in "".join(whole)


def test_an_unknown_column_is_refused_with_the_nearest_before_anyone_is_asked() -> None:
    with pytest.raises(Refusal, match="did you mean 'severity'"):
        report(CATALOGUE, CASUALTIES, "sevrity", lambda: pytest.fail("nobody need be asked"))


def test_the_command_tells_history_comparison_and_a_wrong_call(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, ["Wales"])
    config = str(write_client(fed))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["catalogue", "--config", config, *arguments])
        return done.exit_code, done.output

    other = write_toml(tmp_path / "other.toml", CATALOGUE.model_dump(mode="json", exclude_none=True))
    assert run("--history") == (0, "Version 1 has no history.\n")
    assert "mode: keeps its meaning" in run("--compare", str(other))[1]
    assert "NODE_UNAVAILABLE" not in run(CASUALTIES)[1]
    assert "Who holds what is unknown" in run(CASUALTIES)[1]  # no coordinator runs
    for wrong in (("--column", "age"), (CASUALTIES, "--history"), ("--history", "--compare", str(other))):
        assert run(*wrong)[0] == 2


# Two files side by side


def changed(**columns: dict[str, object] | None) -> Catalogue:
    """Version 2 of the small catalogue, in which columns of casualties have other fields or are gone."""
    content: Any = small_catalogue().model_dump(mode="json")
    content.update(version=2, history=[{"version": 2, "date": date(2026, 3, 1), "what": "Columns."}])
    old = content["datasets"][CASUALTIES]["columns"]
    kept = [
        {**column, **(columns.get(column["name"], {}) or {})}
        for column in old
        if columns.get(column["name"], {}) is not None
    ]
    content["datasets"][CASUALTIES]["columns"] = kept
    return Catalogue.model_validate(content)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"age": {"upper": 120}},
            "age: takes other values (upper); if any means something else, give the column another name.",
        ),
        ({"sex": {"codes": ["Female", "Male"]}}, "sex: takes other values (codes)"),
        ({"sex": {"nullable": False}}, "sex: takes other values (nullable)"),
        (
            {"sex": {"description": "Otherwise"}},
            "sex: is described otherwise (description); if it means something else",
        ),
        ({"sex": {"key": False}}, "sex: keeps its meaning (key)."),
        ({"sex": None}, "sex: taken out."),
    ],
)
def test_what_changes_a_column_is_told(change: Any, told: str) -> None:
    lines = comparison(small_catalogue(), changed(**change))
    assert lines[0].startswith("From version 1 to version 2.")
    assert f"{CASUALTIES}: every node must import it again." in lines
    assert any(told in line for line in lines), lines
    assert "health.visits: the same; editions stay in force." in lines


def test_a_new_column_is_told() -> None:
    assert "  sex: new." in comparison(changed(sex=None), small_catalogue())


def test_one_version_with_two_contents_is_told() -> None:
    assert any("both say that they are version 1" in line for line in comparison(small_catalogue(), CATALOGUE))
    assert comparison(CATALOGUE, CATALOGUE) == ["Both are the same, version 1."]


def test_whom_a_charge_is_for_and_from_whose_account_is_told_of_every_data_set() -> None:
    plain = " ".join(shown(Described()))
    assert "What is protected is one injury in one collision. A casualty has at most 1 row." in plain
    assert "Charges are made to the account of people." in plain
    told = " ".join(shown(Described(), catalogue=enclosing(CASUALTIES, "person")))
    assert "What is charged for is one person" in told
    part = "a quarter of the rho charged or, in pure epsilon, half of the epsilon charged"
    assert f"one injury in one collision is protected at {part}, by each query alone" in told


def test_another_word_on_what_a_unit_encloses_is_another_protection() -> None:
    lines = comparison(small_catalogue(), enclosing(CASUALTIES, "person"))
    assert "  What is protected, or its limit of rows, is another." in lines
