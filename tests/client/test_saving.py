"""A saved result stands alone: it comes back verified, and whatever was done to it is told, never a crash."""

import dataclasses
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_client import Result, load, saving
from concordat_client.offline import OWN_KEYS, Report, examine
from concordat_client.saving import MAX_BYTES, PARTS, pack, parts_of, unpack
from concordat_query.agreement import Agreement
from concordat_query.errors import Refusal, VerificationError
from concordat_query.files import content_bytes
from concordat_query.signing import Purpose
from fakes.federation import ANALYST, OTHER
from fakes.results import COUNTS, MEANS, NO_AGE, FakeParties
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PARTIES = FakeParties(coverage={"Northern Ireland": NO_AGE})
Parts = dict[str, bytes]
ONLY_MEAN = "SELECT nation, AVG(age) AS mean_age FROM road.casualties GROUP BY nation"


@pytest.fixture(scope="module")
def result() -> Result:
    return PARTIES.result(MEANS)


@pytest.fixture
def parts(result: Result) -> Parts:
    return parts_of(result)


def examined(folder: Path, data: bytes, own: Any = None) -> Report:
    path = folder / "result.concordat"
    path.write_bytes(data)
    return examine(path, own)


def wrong(report: Report) -> list[tuple[str, str]]:
    """Every check that does not hold, with its remark."""
    assert (report.result is None) == any(not check.holds for check in report.checks)
    return [(check.what, check.remark) for check in report.checks if not check.holds]


ARRANGED = """SELECT nation, severity, COUNT(*) AS n,
              COUNT(*) - COUNTIF(age > 10) AS rest FROM road.casualties GROUP BY nation, ROLLUP(severity)
              HAVING COUNT(*) > 5 ORDER BY n DESC LIMIT 9"""

BY_MARGIN = """SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (margin_of_error = 40) year, COUNT(*) AS n
               FROM road.casualties GROUP BY year"""


@pytest.mark.parametrize(
    "sql",
    [BY_MARGIN, COUNTS, MEANS, ONLY_MEAN, ARRANGED, "SELECT COUNT(*) AS n FROM road.casualties WHERE year > 2014"],
)
def test_a_saved_result_comes_back_whole_and_its_bytes_are_always_the_same(tmp_path: Path, sql: str) -> None:
    result = PARTIES.result(sql)
    result.save(tmp_path / "one")
    loaded = load(tmp_path / "one")
    assert loaded == result
    assert loaded.provenance == result.provenance
    loaded.save(tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_a_partial_result_comes_back_as_one(tmp_path: Path) -> None:
    result = PARTIES.result(COUNTS, lost=["Wales"])
    result.save(tmp_path / "partial")
    loaded = load(tmp_path / "partial")
    assert loaded == result
    assert not loaded.complete


def test_a_saved_result_can_be_looked_into_with_common_tools(tmp_path: Path, result: Result) -> None:
    result.save(tmp_path / "result.zip")
    with zipfile.ZipFile(tmp_path / "result.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["manifest.json", *PARTS]
        assert archive.read("question.sql").decode() == MEANS
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["sha256"]["catalogue.json"] == PARTIES.catalogue.sha256
        assert manifest["sha256"]["agreement.json"] == PARTIES.agreement.sha256
        assert json.loads(archive.read("result.json"))["rows"][0]["nation"] == "England"


def test_every_check_is_told_and_each_node_has_its_own(tmp_path: Path) -> None:
    report = examined(tmp_path, pack(parts_of(PARTIES.result(ONLY_MEAN))), PARTIES.agreement)
    assert all(check.holds for check in report.checks)
    told = " | ".join(check.what for check in report.checks)
    for expected in (
        "the answer of node-wales is signed by it",
        "node-northern-ireland declares to hold nothing",
        OWN_KEYS,
        "the SQL text says what was signed",
        "every figure and note follows from the answers",
    ):
        assert expected in told


# Somebody alters a part and makes the manifest anew


def altered_message(kind: type[Any], name: str, alter: Callable[[Any], object]) -> Callable[[Parts], None]:
    def work(parts: Parts) -> None:
        message = kind.FromString(parts[name])
        alter(message)
        parts[name] = message.SerializeToString(deterministic=True)

    return work


def answers(alter: Callable[[coordinator_pb2.Result], object]) -> Callable[[Parts], None]:
    return altered_message(coordinator_pb2.Result, "answers.binpb", alter)


def swap_answers(told: coordinator_pb2.Result) -> None:
    first = told.answers[0].SerializeToString()
    told.answers[0].CopyFrom(told.answers[1])
    told.answers[1].ParseFromString(first)


def change_a_figure(told: coordinator_pb2.Result) -> None:
    answer = node_pb2.Answer.FromString(told.answers[0].answer)
    answer.components[0].values[0] += 1
    told.answers[0].answer = answer.SerializeToString()


def take_anothers_answers(told: coordinator_pb2.Result) -> None:
    told.CopyFrom(PARTIES.answered(PARTIES.ask(COUNTS)))


def take_an_earlier_requests_answers(told: coordinator_pb2.Result) -> None:
    told.CopyFrom(PARTIES.answered(PARTIES.ask(MEANS)))


def sign_as(name: str) -> Callable[[query_pb2.SignedQuery], None]:
    def work(signed: query_pb2.SignedQuery) -> None:
        key = FakeParties(nations=["Wales"]).keys[ANALYST] if name == "nobody" else PARTIES.keys[name]
        signed.signature = key.sign(Purpose.QUERY, signed.envelope)
        if name == "nobody":
            signed.public_key = key.public_key

    return work


def change_the_document(alter: Callable[[dict[str, Any]], object]) -> Callable[[Parts], None]:
    def work(parts: Parts) -> None:
        document = json.loads(parts["result.json"])
        alter(document)
        parts["result.json"] = json.dumps(document).encode()

    return work


def replace(name: str, data: bytes) -> Callable[[Parts], object]:
    return lambda parts: parts.update({name: data})


def add_an_analyst(parts: Parts) -> None:
    agreement = json.loads(parts["agreement.json"])
    agreement["analysts"][0]["name"] = "somebody else"
    parts["agreement.json"] = json.dumps(agreement, sort_keys=True).encode()


NESTED = b"[" * 100_000
OTHER_CATALOGUE = content_bytes(PARTIES.catalogue.model_copy(update={"title": "Another"}))

ALTERATIONS: list[tuple[Callable[[Parts], object], str]] = [
    (answers(change_a_figure), "node-england: the answer's signature is bad"),
    (answers(swap_answers), "the delivery's signature is bad"),
    (answers(take_anothers_answers), "the answer is to another query"),
    (answers(take_an_earlier_requests_answers), "the delivery is to another request"),
    (answers(lambda told: told.answers.pop()), "does not account for each node"),
    (answers(lambda told: told.deliveries.pop()), "nothing says that it gave this answer"),
    (answers(lambda told: told.charges.pop()), "what each node cost"),
    (answers(lambda told: told.answers.add(answer=b"\xff")), "cannot be read"),
    (answers(lambda told: told.missing.add(node="\x1b[2Jnode")), "no party of the agreement"),
    (altered_message(query_pb2.SignedQuery, "query.binpb", sign_as(OTHER)), "the question's signature is bad"),
    (altered_message(query_pb2.SignedQuery, "query.binpb", sign_as("nobody")), "no analyst of the agreement"),
    (replace("question.sql", COUNTS.encode()), "asks another question"),
    (replace("question.sql", MEANS.replace("AS n", "AS deaths").encode()), "presents the answers in another way"),
    (replace("question.sql", b"DROP TABLE x"), "line 1"),
    (replace("question.sql", b"\xff"), "not in UTF-8"),
    (replace("presentation.binpb", b""), "presents the answers in another way"),
    (replace("presentation.binpb", b"\xff"), "not a concordat.v1.Presentation"),
    (replace("query.binpb", b"\xff"), "not a concordat.v1.SignedQuery"),
    (replace("answers.binpb", b"\xff"), "not a concordat.v1.Result"),
    (replace("catalogue.json", OTHER_CATALOGUE), "made for another catalogue"),
    (replace("catalogue.json", NESTED), "catalogue.json is not what it should be"),
    (replace("agreement.json", b"{}"), "agreement.json is not what it should be"),
    (replace("agreement.json", b" " + content_bytes(PARTIES.agreement)), "not written as its hash demands"),
    (replace("result.json", NESTED), "not a result as JSON"),
    (replace("result.json", b"[]"), "not a result as JSON"),
    (replace("result.json", b'{"provenance": {"software_version": "0"}}'), "not what the signed answers give"),
    (change_the_document(lambda told: told["rows"][0].update(n=7)), "not what the signed answers give"),
    (
        change_the_document(lambda told: told["rows"][0].update(mean_age__margin=0.1)),
        "not what the signed answers give",
    ),
    (change_the_document(lambda told: told["notes"].pop()), "not what the signed answers give"),
    (change_the_document(lambda told: told["provenance"].update(epsilon=0.1)), "not what the signed answers give"),
]


@pytest.mark.parametrize(("alter", "told"), ALTERATIONS, ids=[told for _, told in ALTERATIONS])
def test_whatever_is_altered_is_told_though_the_manifest_fits(
    tmp_path: Path, parts: Parts, alter: Callable[[Parts], object], told: str
) -> None:
    alter(parts)
    failures = wrong(examined(tmp_path, pack(parts)))
    assert failures
    assert any(re.search(told, remark) for _, remark in failures), failures
    assert all(text.isprintable() for failure in failures for text in failure)
    with pytest.raises(VerificationError):
        load(tmp_path / "result.concordat")


def test_every_node_is_checked_though_an_earlier_one_fails(tmp_path: Path, parts: Parts) -> None:
    answers(change_a_figure)(parts)
    report = examined(tmp_path, pack(parts))
    told = {check.what: check.holds for check in report.checks if check.what.startswith("the answer of")}
    assert [
        told[f"the answer of node-{name} is signed by it and was given to this question"]
        for name in ("england", "wales")
    ] == [False, True]


# Whose keys are trusted


def test_ones_own_agreement_is_the_root_of_trust(tmp_path: Path, parts: Parts) -> None:
    data = pack(parts)
    assert examined(tmp_path, data, PARTIES.agreement).result is not None
    forger = FakeParties(coverage={"Northern Ireland": NO_AGE})
    forged = pack(parts_of(forger.result(MEANS)))
    assert examined(tmp_path, forged).result is not None  # it is true to the keys that it brings along
    ((what, told),) = wrong(examined(tmp_path, forged, PARTIES.agreement))
    assert what == OWN_KEYS
    assert "not the same as your copy" in told


def agreement_with(**changes: object) -> Agreement:
    return Agreement.model_validate({**PARTIES.agreement.model_dump(mode="json"), **changes})


def test_another_version_of_ones_agreement_proves_nothing(tmp_path: Path, parts: Parts) -> None:
    report = examined(tmp_path, pack(parts), agreement_with(version=2))
    assert report.result is None
    assert "made under version 1 of the agreement and yours is 2" in report.checks[-1].remark


# Files made to break the reader


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return sink.getvalue()


def test_files_that_are_no_saved_results_are_refused(tmp_path: Path, parts: Parts) -> None:
    data = pack(parts)
    whole = [(name, zipfile.ZipFile(io.BytesIO(data)).read(name)) for name in ("manifest.json", *PARTS)]
    bomb = [("manifest.json", b"\0" * 50_000_000), *whole[1:]]
    for hostile, told in (
        (b"", "is no saved result"),
        (b"PK\x05\x06" + b"\0" * 18, "does not hold exactly the parts"),
        (data[:-100], "is no saved result, or is cut off"),
        (data + b"\0", "not as Concordat writes it"),
        (b"#!/bin/sh\n" + data, "not as Concordat writes it"),
        (zipped(bomb, zipfile.ZIP_DEFLATED), "is no saved result"),
        (zipped(whole), "not as Concordat writes it"),
        (zipped([*whole, ("../../evil", b"")]), "is no saved result"),
        (zipped([("../manifest.json", b""), *whole[1:]]), "does not hold exactly the parts"),
        (zipped([("/manifest.json", b""), *whole[1:]]), "does not hold exactly the parts"),
        (zipped([("manifest.json", b"{}"), *whole[1:]]), "manifest cannot be read"),
        (zipped([("manifest.json", NESTED), *whole[1:]]), "manifest cannot be read"),
        (zipped([("manifest.json", whole[0][1].replace(b"v1", b"v2")), *whole[1:]]), "of another format"),
        (zipped([*whole[:-1], ("result.json", b"{}")]), "result.json in the file is not what its manifest says"),
    ):
        with pytest.raises(VerificationError, match=told):
            unpack(hostile)
        assert [what for what, _ in wrong(examined(tmp_path, hostile))] == ["the file is whole and as it was written"]
    assert [path.name for path in tmp_path.iterdir()] == ["result.concordat"]


def test_a_file_beyond_all_measure_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 100)  # sparse
    assert len(saving.read(path)) == MAX_BYTES + 1
    with pytest.raises(VerificationError, match="larger than"):
        load(path)


def test_a_file_that_is_not_there_or_cannot_be_written_is_refused_with_its_name(tmp_path: Path, result: Result) -> None:
    with pytest.raises(Refusal, match="nothing: cannot be read"):
        load(tmp_path / "nothing")
    with pytest.raises(Refusal, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(Refusal, match="cannot be written"):
        result.save(tmp_path / "no folder" / "x")
    assert list(tmp_path.iterdir()) == []


PACKED = pack(parts_of(PARTIES.result(COUNTS)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(PACKED) - 1), change=st.integers(1, 255))
def test_no_changed_byte_passes(tmp_path: Path, place: int, change: int) -> None:
    data = bytearray(PACKED)
    data[place] ^= change
    assert wrong(examined(tmp_path, bytes(data)))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(PARTS), data=st.data())
def test_no_garbled_part_passes_or_crashes_the_reader_though_the_manifest_fits(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    parts = unpack(PACKED)
    kept = data.draw(st.integers(0, len(parts[name])))
    more = data.draw(st.binary(max_size=40))
    garbled = parts[name][:kept] + more + parts[name][kept + data.draw(st.integers(0, 5)) :]
    report = examined(tmp_path, pack({**parts, name: garbled}))
    if report.result is not None:  # white space, a field that no one reads
        assert report.result == dataclasses.replace(load_packed(tmp_path), question=report.result.question)


def load_packed(folder: Path) -> Result:
    path = folder / "packed"
    path.write_bytes(PACKED)
    return load(path)
