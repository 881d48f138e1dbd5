"""The custodian's report tells what was repaired, and only the custodian."""

import io
import re
import stat
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from concordat_node.commands.import_ import run_import
from concordat_node.importing import edition
from concordat_node.importing.mapping import load
from concordat_node.importing.report import Report, to_text
from concordat_query.errors import Reason, Refusal
from fakes import dirty_sources
from fakes.dirty_sources import Record, dirty_catalogue

GOOD: Record = {
    "pid": "p", "clinic": "A", "year": 2012, "sex": "Male", "born": "1950", "cost": "1", "units": 1, "factor": "1",
    "divisor": 2, "ward": 1,
    "moved": 0, "status": "final",
}  # fmt: skip


def records() -> list[Record]:
    def one(**other: object) -> Record:
        return {**GOOD, **other}

    return [
        *(one(pid=f"good {i}") for i in range(4)),
        one(pid=None),
        one(pid="unknown clinic", clinic="Q"),
        one(pid="void", status="void"),
        one(pid="of no status", status=None),
        one(pid="no clinic", clinic=None),
        one(pid="unknown sex", sex="x"),
        one(pid="not held", clinic="B", sex="Female"),
        one(pid="dose too high", factor="10000000"),
        one(pid="cost out of range and not held", cost="999", year=2010),
        one(pid="cost is no number", cost="nan"),
        one(pid="share out of range", divisor=1),
        *(one(pid="many", year=2011) for _ in range(5)),
        one(pid="changes sex", sex="Male"),
        one(pid="changes sex", sex="Female"),
    ]


@pytest.fixture
def printed(tmp_path: Path) -> tuple[Report, str, str]:
    path = tmp_path / "mapping.toml"
    path.write_text(dirty_sources.mapping_text())
    dirty_sources.write_sources(tmp_path / "data", records())
    out, err = io.StringIO(), io.StringIO()
    mapping = load(path, dirty_catalogue())
    reports = run_import({mapping.dataset: mapping}, tmp_path / "data", tmp_path / "state", out=out, err=err)
    return reports[0], out.getvalue(), err.getvalue()


def test_a_report_counts_every_row_once(printed: tuple[Report, str, str]) -> None:
    report = printed[0]
    assert report.rows_read == len(records())
    assert report.rows_read == report.rows_kept + report.rows_trimmed + sum(report.dropped.values())
    assert {reason: count for reason, count in report.dropped.items() if count} == {
        "left out by the mapping's WHERE": 2,
        "no unit id": 1,
        "clinic: no usable value": 2,
        "sex: no usable value": 1,
        "dose: no usable value": 1,
        "outside what the mapping declares to hold": 1,
    }
    assert (report.rows_trimmed, report.rows_made_constant, report.units_kept) == (2, 1, 9)
    assert report.ambiguous_parent_keys == {"ward": 2}


def test_a_report_counts_what_was_wrong_with_each_column(printed: tuple[Report, str, str]) -> None:
    columns = printed[0].columns
    assert (columns["clinic"].unknown, columns["clinic"].missing) == (1, 1)
    assert (columns["cost"].unknown, columns["cost"].out_of_range, columns["cost"].outside_coverage) == (1, 1, 1)
    assert (columns["share"].out_of_range, columns["share"].out_of_range_becomes) == (1, "null")
    assert (columns["dose"].out_of_range, columns["dose"].out_of_range_becomes) == (1, "drop")


def test_the_report_lies_beside_the_edition_for_its_owner_only(
    tmp_path: Path, printed: tuple[Report, str, str]
) -> None:
    path = edition.current(tmp_path / "state", "health.visits").path.parent / edition.REPORT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tomllib.loads(path.read_text()) == asdict(printed[0])


def test_the_report_is_printed_and_the_steps_are_told_without_a_number_of_the_data(
    printed: tuple[Report, str, str],
) -> None:
    report, out, err = printed
    assert out == to_text(report)
    assert "dose: out of range, row dropped" in out
    assert "writing the edition" in err
    assert not any(character.isdigit() for character in re.sub(r"step \d+ of 11\b", "", err))


def test_the_manifest_tells_no_count(tmp_path: Path, printed: tuple[Report, str, str]) -> None:
    manifest = edition.current(tmp_path / "state", "health.visits").path.parent / edition.MANIFEST
    assert set(tomllib.loads(manifest.read_text())) == {
        "id", "dataset", "sequence", "definition_sha256", "mapping_sha256", "content_sha256", "salt", "size", "format",
    }  # fmt: skip


def test_a_data_set_without_a_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        run_import({}, tmp_path, tmp_path, datasets=("health.visits",))
    assert caught.value.reason is Reason.UNKNOWN_DATASET
