"""`concordat-node profile`: told before it is spent, spent once an edition, public afterwards."""

import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat.v1 import node_pb2
from concordat_node.cli import main
from concordat_node.config import read_settings
from concordat_node.importing import edition
from concordat_node.ledger.inspection import inspect
from concordat_node.runtime import ledger_path
from concordat_privacy.expectations import Source, expected_sizes
from concordat_wire.profiles import read_described_profile
from fakes.editions import build_edition
from fakes.engine import CASUALTIES
from fakes.federation import ROWS, federation, write_federation

BUY = ("--rho", "0.001", "--keys", "severity,mode", "--yes")


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node's configuration file, everything in order, which does not serve."""
    made = write_federation(tmp_path, ["Wales"])
    return made.members["Wales"].settings.folder / "node.toml"


def run(*arguments: str | Path, answer: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], input=answer)
    return result.exit_code, result.output


def profile(node: Path, *arguments: str, answer: str | None = None) -> tuple[int, str]:
    return run("profile", CASUALTIES, "--config", node, *arguments, answer=answer)


def spent(node: Path) -> int:
    return inspect(ledger_path(read_settings(node).state)).balances["people"].spent


def figures(output: str) -> list[str]:
    return output[output.index(f"{CASUALTIES}: profile of edition") :].splitlines()


def test_price_and_precision_are_told_before_anything_is_spent_and_no_is_the_default(node: Path) -> None:
    status, output = profile(node, *BUY[:-1], answer="\n")
    assert status == 1
    assert re.search(r"costs rho 0\.001, which is 0\.\d+% of the budget of people", output)
    assert re.search(r"Spent before: epsilon 0; after: 0\.\d+; the budget: \d", output)
    assert re.search(r"^units by severity +± \d+$", output, re.MULTILINE)
    assert output.endswith("Nothing was spent.\n")
    assert spent(node) == 0


def test_a_profile_is_charged_once_and_shown_again_free(node: Path) -> None:
    status, first = profile(node, *BUY[:-1], answer="y\n")
    assert status == 0
    assert spent(node) == 1_000_000
    status, second = profile(node, "--rho", "0.5", "--keys", "year", "--yes")
    assert status == 0
    assert "Nothing is charged." in second
    assert figures(second) == figures(first)
    assert run("profile", CASUALTIES, "--config", node, "--show")[1].splitlines() == figures(first)
    assert spent(node) == 1_000_000
    assert "profile, population people, price_nano 1000000" in run("ledger", "--config", node, "--entries")[1]


def test_a_new_edition_has_no_profile_until_it_is_charged_again(node: Path) -> None:
    settings = read_settings(node)
    profile(node, *BUY)
    known = settings.mappings[CASUALTIES]
    build_edition(settings.state, CASUALTIES, known.definition, ROWS, mapping_sha256=known.mapping_sha256)
    status, output = profile(node, "--show")
    assert (status, output.startswith("error: UNKNOWN_RESULT: ")) == (2, True)
    assert profile(node, *BUY)[0] == 0
    assert spent(node) == 2_000_000


def test_keys_and_limits_that_are_not_named_are_the_agreements(node: Path) -> None:
    status, output = profile(node, "--rho", "0.001", "--yes")
    assert status == 0
    assert [key for key in ("severity", "mode", "year", "sex") if f"units by {key}:" in output] == [
        "severity",
        "mode",
        "year",
    ]


@pytest.mark.parametrize(
    ("arguments", "reason", "told"),
    [
        ((), "MALFORMED_REQUEST", "--rho 0.001"),
        (("--rho", "0"), "INVALID_PRICE", "above 0"),
        (("--rho", "0.0000000000"), "INVALID_PRICE", "nine places"),
        (("--rho=-1",), "INVALID_PRICE", "above 0"),
        (("--rho", "nan"), "INVALID_PRICE", "decimal"),
        (("--rho", "inf"), "INVALID_PRICE", "decimal"),
        (("--rho", "1e-320"), "INVALID_PRICE", "decimal"),
        (("--rho", "0.0000000001"), "INVALID_PRICE", "nine places"),
        (("--rho", "\u0661"), "INVALID_PRICE", "decimal"),
        (("--rho", "0.000000001"), "INVALID_PRICE", "one for each"),
        (("--rho", "9999"), "INVALID_PRICE", "price"),
        (("--rho", "100"), "BUDGET_EXHAUSTED", "smaller --rho"),
        (("--rho", "0.001", "--keys", "height"), "UNKNOWN_COLUMN", "height"),
        (("--rho", "0.001", "--keys", "age"), "KEY_WITHOUT_DOMAIN", "age"),
        (("--rho", "0.001", "--keys", "sex"), "NOT_IN_AGREEMENT", "sex"),
        (("--rho", "0.001", "--keys", "mode,mode"), "MALFORMED_REQUEST", "each once"),
        (("--rho", "0.001", "--keys", ""), "MALFORMED_REQUEST", "name columns"),
        (("--rho", "0.001", "--max-groups", "0"), "MALFORMED_REQUEST", "max_groups"),
        (("--rho", "0.001", "--max-rows", "0"), "MALFORMED_REQUEST", "max_rows"),
        (("--rho", "0.001", "--max-rows", "99999999999"), "MALFORMED_REQUEST", "max_rows"),
    ],
)
def test_bad_input_is_told_with_cause_and_fix_and_costs_nothing(
    node: Path, arguments: tuple[str, ...], reason: str, told: str
) -> None:
    status, output = profile(node, *arguments, "--yes")
    assert status == 2
    assert output.startswith(f"error: {reason}: ")
    first, *rest = output.splitlines()
    assert told in first
    assert [line.split()[0] for line in rest if line[2] != " "] == ["cause", "fix"]
    if ledger_path(read_settings(node).state).exists():
        assert spent(node) == 0


def test_an_unknown_data_set_is_refused(node: Path) -> None:
    for name in ("road.nothing", "health.visits"):
        status, output = run("profile", name, "--config", node, *BUY)
        assert (status, output.split(":")[1]) == (2, " UNKNOWN_DATASET")


@pytest.mark.parametrize("fault", ["changed", "missing", "old"])
def test_an_edition_that_is_not_what_was_imported_is_refused_and_costs_nothing(node: Path, fault: str) -> None:
    settings = read_settings(node)
    place = edition.current(settings.state, CASUALTIES).path.parent
    database, manifest = place / "edition.duckdb", place / "manifest.toml"
    if fault == "changed":
        database.chmod(0o600)
        content = bytearray(database.read_bytes())
        content[-1] ^= 1
        database.write_bytes(content)
    elif fault == "missing":
        database.unlink()
    else:
        text = manifest.read_text().replace(f"format = {edition.FORMAT}\n", "")
        manifest.chmod(0o600)
        manifest.write_text(text)
    status, output = profile(node, *BUY)
    assert status == 2
    assert output.startswith("error: EDITION_UNAVAILABLE: ")
    assert "import again" in output
    assert not ledger_path(settings.state).exists()


async def test_a_node_that_serves_refuses_to_buy_shows_what_was_bought_and_describes_it(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=["Wales"]) as fed:
        wales = fed.members["Wales"]
        config = wales.settings.folder / "node.toml"
        status, output = profile(config, *BUY)
        assert status == 2
        assert output.startswith("error: IN_USE: ")
        assert "stop it" in output
        description = await fed.node("Wales").Describe(node_pb2.DescribeRequest(), timeout=60)
        assert not description.holdings[0].HasField("profile")


async def test_what_was_bought_is_described_signed_and_tells_what_to_expect(tmp_path: Path) -> None:
    fed = write_federation(tmp_path, ["Wales"])
    wales = fed.members["Wales"]
    settings = wales.settings
    bought = await asyncio.to_thread(profile, settings.folder / "node.toml", *BUY)
    assert bought[0] == 0
    try:
        await wales.start()
        description = await fed.node("Wales").Describe(node_pb2.DescribeRequest(), timeout=60)
        assert profile(settings.folder / "node.toml", "--show")[1].splitlines() == figures(bought[1])
    finally:
        await fed.stop()
    (holding,) = description.holdings
    read = read_described_profile(holding, wales.name, fed.catalogue, settings.agreement)
    assert read is not None
    assert read.edition == wales.edition.id
    expected = expected_sizes(fed.catalogue.dataset(CASUALTIES), None, ("severity",), "Wales", read)
    assert expected is not None
    assert (expected.source, expected.assumed_even) == (Source.PROFILE, ())
