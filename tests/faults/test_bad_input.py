"""Bad input of every kind, in one table: what is done, what it is told, and that it costs nothing and loses nothing."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
import pytest_asyncio
from concordat_query.errors import Reason
from concordat_query.model import Aggregate, Comparator, Comparison, Membership, Statistic
from fakes.engine import CASUALTIES, query
from fakes.federation import by_severity
from faults import asking, connecting, files, sources
from faults.asking import KEY, TOO_FAR, asks, asks_node, fetches, good, later, query_of, reserved, runs, types
from faults.connecting import knocks, sends_garbage
from faults.files import edition_is
from faults.scene import HEADER, PRICE, RECORDS, SECRETS, Do, Given, Scene, answers_of, nothing, scene
from faults.sources import csv, fails_to_import, imports, parquet
from grpc import StatusCode

pytestmark = pytest.mark.asyncio(loop_scope="module")
INVALID, FAILED, DENIED = StatusCode.INVALID_ARGUMENT, StatusCode.FAILED_PRECONDITION, StatusCode.PERMISSION_DENIED
AVERAGE = Aggregate(Statistic.AVG, "age")


@dataclass(frozen=True)
class Row:
    """One thing that goes wrong, and what whoever did it is told.

    No status: it is said on their own machine. No reason: it is not refused. `charged`: every node
    charges the row's query, once.
    """

    name: str
    do: Do
    status: StatusCode | None
    reason: Reason | None
    word: str
    given: Given = nothing
    charged: bool = False


def where(column: str, literal: str | Decimal, comparator: Comparator = Comparator.EQUAL) -> asking.Make:
    return query_of(query(CASUALTIES, where=Comparison(column, comparator, literal), price_nano=PRICE))


def counting(**more: object) -> asking.Make:
    return query_of(query(CASUALTIES, **{"price_nano": PRICE, **more}))  # type: ignore[arg-type]


# fmt: off
ROWS = [
    # The question
    Row("unknown column", asks(where("colour", "red")),
        INVALID, Reason.UNKNOWN_COLUMN, "there are 'year'"),
    Row("unknown column, typed", types("SELECT COUNT(*) FROM road.casualties WHERE colour = 'red'"),
        None, Reason.UNKNOWN_COLUMN, "no such column"),
    Row("wrong type", asks(where("age", "old")),
        INVALID, Reason.WRONG_TYPE, "without quotes"),
    Row("wrong type, typed", types("SELECT COUNT(*) FROM road.casualties WHERE age = 'old'"),
        None, Reason.WRONG_TYPE, "without quotes"),
    Row("order of codes", asks(where("severity", "Fatal", Comparator.LESS)),
        INVALID, Reason.WRONG_TYPE, "have no order"),
    Row("unknown code", asks(where("severity", "Fatl")),
        INVALID, Reason.UNKNOWN_CODE, "did you mean 'Fatal'"),
    Row("unknown code, typed", types("SELECT COUNT(*) FROM road.casualties WHERE severity = 'Fatl'"),
        None, Reason.UNKNOWN_CODE, "did you mean 'Fatal'"),
    Row("key without a domain", asks(counting(keys=["age"])),
        INVALID, Reason.KEY_WITHOUT_DOMAIN, "WIDTH_BUCKET"),
    Row("key without a domain, typed", types("SELECT age, COUNT(*) FROM road.casualties GROUP BY age"),
        None, Reason.KEY_WITHOUT_DOMAIN, "WIDTH_BUCKET"),
    Row("no such data set", asks(query_of(replace(by_severity(), dataset="road.horses"))),
        INVALID, Reason.UNKNOWN_DATASET, "there are: road.casualties"),
    Row("no SQL at all", types("please count the casualties"),
        None, Reason.SQL_NOT_SUPPORTED, "SELECT"),
    Row("not canonical", asks(query_of(replace(by_severity(), where=Membership("severity", ("Slight", "Fatal"))))),
        INVALID, Reason.NOT_CANONICAL, "canonical_query"),
    Row("too many cells", asks(counting(keys=["severity", "year"])),
        INVALID, Reason.TOO_MANY_CELLS, "group by fewer"),
    # What it may cost
    Row("overdrawn budget", asks(asking.more_than_is_left, "Prepare"),
        StatusCode.RESOURCE_EXHAUSTED, Reason.BUDGET_EXHAUSTED, "left"),
    Row("price of nothing", asks(counting(price_nano=0)),
        INVALID, Reason.INVALID_PRICE, "price"),
    Row("price too small to split", asks(counting(aggregates=[AVERAGE], price_nano=1)),
        INVALID, Reason.INVALID_PRICE, "price"),
    Row("price above the agreement's", asks(counting(price_nano=900_000_000)),
        DENIED, Reason.NOT_IN_AGREEMENT, "less precision"),
    Row("price beyond all bounds", asks(counting(price_nano=2**64 - 1)),
        INVALID, Reason.INVALID_PRICE, "price"),
    # What the agreement says
    Row("data set not in the agreement", asks(query_of(query("health.visits", ["clinic"]))),
        DENIED, Reason.NOT_IN_AGREEMENT, "health.visits"),
    Row("statistic not in the agreement", asks(counting(aggregates=[Aggregate(Statistic.SUM, "age")])),
        DENIED, Reason.NOT_IN_AGREEMENT, "SUM"),
    Row("column not in the agreement", asks(where("sex", "Male")),
        DENIED, Reason.NOT_IN_AGREEMENT, "sex"),
    Row("key not in the agreement", asks(counting(keys=["mode"])),
        DENIED, Reason.NOT_IN_AGREEMENT, "group by mode"),
    Row("more groups than the agreement's", asks(counting(max_groups=5)),
        DENIED, Reason.NOT_IN_AGREEMENT, "at most 4"),
    Row("agreement over", asks(later(3600), "Explain", "Prepare", "Commit"),
        FAILED, Reason.AGREEMENT_NOT_IN_FORCE, "renew", given=asking.forty_days_later),
    Row("wrong agreement", asks(good(agreement_id="large")),
        FAILED, Reason.WRONG_AGREEMENT, "get that version"),
    Row("wrong agreement version", asks(good(agreement_version=2)),
        FAILED, Reason.WRONG_AGREEMENT, "version 1"),
    Row("wrong catalogue", asks(good(catalogue_sha256="0" * 64)),
        FAILED, Reason.WRONG_CATALOGUE, "another version of the catalogue"),
    # When it may be asked, and of whom
    Row("expired", asks(later(-1)),
        FAILED, Reason.QUERY_EXPIRED, "sign it again"),
    Row("expiry too far ahead", asks(later(TOO_FAR)),
        INVALID, Reason.MALFORMED_REQUEST, "24 hours"),
    Row("held beyond the agreement", asks(good(not_before=2**40)),
        INVALID, Reason.MALFORMED_REQUEST, "not_before"),
    Row("held until an hour ahead", runs(asking.held),
        FAILED, Reason.NOT_YET, "get the result then", charged=True),
    Row("node not in the audience", asks_node(good(audience=("node-scotland",))),
        DENIED, Reason.NOT_IN_AUDIENCE, "audience"),
    Row("node that nobody knows", runs(good(audience=("node-france", "node-wales"))),
        FAILED, Reason.UNKNOWN_NODE, "it knows: node-scotland, node-wales"),
    # Signatures
    Row("altered query bytes", asks(asking.altered),
        StatusCode.UNAUTHENTICATED, Reason.BAD_SIGNATURE, "altered"),
    Row("key that is not in the agreement", asks(asking.signed_by_a_stranger),
        DENIED, Reason.UNKNOWN_ANALYST, "ask the parties"),
    Row("another analyst's signature", asks(asking.signed_by_another_in_the_analysts_name),
        StatusCode.UNAUTHENTICATED, Reason.BAD_SIGNATURE, "another key"),
    Row("another analyst's public key", asks(asking.claimed_by_another),
        StatusCode.UNAUTHENTICATED, Reason.BAD_SIGNATURE, "another key"),
    Row("signature for another purpose", asks(asking.signed_for_another_purpose),
        StatusCode.UNAUTHENTICATED, Reason.BAD_SIGNATURE, "signature"),
    Row("no signature", asks(asking.unsigned),
        StatusCode.UNAUTHENTICATED, Reason.BAD_SIGNATURE, "signature"),
    Row("signed garbage", asks(asking.signed_garbage),
        INVALID, Reason.MALFORMED_REQUEST, "envelope"),
    # Idempotency keys
    Row("same key with another body", asks(asking.under_the_paid_key()),
        StatusCode.ALREADY_EXISTS, Reason.KEY_REUSED, "key"),
    Row("same key with another body, reserved", asks(good(idempotency_key=KEY, not_before=1), "Prepare"),
        StatusCode.ALREADY_EXISTS, Reason.KEY_REUSED, "key", given=reserved(good(idempotency_key=KEY))),
    Row("another analyst's key", asking.asks_as_another_analyst,
        StatusCode.OK, None, "", given=asking.paid_anew, charged=True),
    Row("another analyst's key to fetch", fetches(asking.the_paid_query_as_another_analyst),
        StatusCode.NOT_FOUND, Reason.UNKNOWN_RESULT, "nothing was run under this key", given=asking.paid_anew),
    Row("another analyst's reservation",
        asks_node(lambda scene: scene.fed.signed(key=scene.fed.other, idempotency_key=KEY), "Cancel"),
        StatusCode.OK, None, "", given=reserved(good(idempotency_key=KEY))),
    Row("key never run", fetches(good()),
        StatusCode.NOT_FOUND, Reason.UNKNOWN_RESULT, "nothing was run under this key"),
    Row("Commit without Prepare", asks_node(good(), "Commit"),
        FAILED, Reason.NO_RESERVATION, "repare"),
    Row("Commit after Cancel", asking.commits_after_cancel,
        FAILED, Reason.NO_RESERVATION, "repare"),
    # Connections
    Row("wrong certificate", connecting.calls_the_node_as_an_analyst,
        DENIED, Reason.CALLER_NOT_ALLOWED, "operator"),
    Row("certificate of another authority", knocks(connecting.certified_by_another_authority),
        StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE, "certificate"),
    Row("missing certificate", knocks(connecting.without_certificate),
        StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE, "certificate"),
    Row("expired certificate", knocks(connecting.with_an_expired_certificate),
        StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE, "certificate"),
    Row("plaintext client", knocks(connecting.in_plain_text),
        StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE, "certificate"),
    Row("no deadline", connecting.sets_no_deadline,
        INVALID, Reason.DEADLINE_REQUIRED, "timeout"),
    Row("garbage to Prepare", sends_garbage("Prepare"),
        INVALID, Reason.MALFORMED_REQUEST, "PrepareRequest"),
    Row("garbage to Commit", sends_garbage("Commit"),
        INVALID, Reason.MALFORMED_REQUEST, "CommitRequest"),
    Row("garbage to the coordinator", connecting.sends_garbage_to_the_coordinator,
        INVALID, Reason.MALFORMED_REQUEST, "GetResultRequest"),
    # Nodes
    Row("node down before Prepare", runs(good()),
        StatusCode.UNAVAILABLE, Reason.NODE_UNAVAILABLE, "node-wales", given=files.wales_is_down),
    Row("node down after Commit", files.loses_wales_after_commit,
        StatusCode.OK, Reason.NODE_UNAVAILABLE, "running", charged=True),
    Row("port in use", files.serves_on_a_port_that_is_taken,
        None, Reason.IN_USE, "change `listen`"),
    Row("second serve on one ledger", files.serves_again_on_the_same_ledger,
        None, Reason.IN_USE, "stop it first"),
    *[Row(f"unknown key in {file}", files.reads_with_an_unknown_key(file, read),
        None, Reason.WRONG_FILE, "colour: there is no such key")
      for file, read in files.FILES],
    # Editions
    Row("missing edition file", asks(good()),
        FAILED, Reason.EDITION_UNAVAILABLE, "import again", given=edition_is(lambda path: path.unlink())),
    Row("changed edition file", asks(good()),
        FAILED, Reason.EDITION_UNAVAILABLE, "import again", given=edition_is(files.changed_by_a_byte)),
    Row("changed edition file, back-dated", asks(good()),
        FAILED, Reason.EDITION_UNAVAILABLE, "import again", given=edition_is(files.changed_and_back_dated)),
    Row("no edition", asks(good()),
        FAILED, Reason.EDITION_UNAVAILABLE, "concordat-node import", given=files.nothing_imported),
    Row("edition of another mapping", asks(good()),
        FAILED, Reason.EDITION_UNAVAILABLE, "another version of the mapping", given=files.another_mapping),
    Row("interrupted import", files.is_killed_in_an_import,
        None, None, "opening the sources"),
    # Dirty sources
    Row("number that is none", imports("source.csv", csv("zebra-5,2016,Slight,Car,Male,zebra"), sources.missing("age")),
        None, None, "done"),
    Row("NaN and infinities in CSV",
        imports("source.csv", csv("zebra-5,2016,Slight,Car,,nan", "zebra-6,2016,Slight,Car,,-inf"),
                sources.unknown("age"), 2),
        None, None, "done"),
    Row("NaN and infinity in Parquet",
        imports("source.parquet", parquet({"age": [float("nan"), float("inf")]}), sources.unknown("age"), 2),
        None, None, "done"),
    Row("number out of bounds",
        imports("source.csv", csv("zebra-5,1066,Slight,Car,,1e300"), sources.out_of_range("age"), 2),
        None, None, "done"),
    Row("code that is none",
        imports("source.csv", csv("zebra-5,2016,zebra,Car,Male,20"), sources.dropped("severity: no usable value")),
        None, None, "done"),
    Row("missing unit id", imports("source.csv", csv(",2016,Slight,Car,Male,20"), sources.dropped("no unit id")),
        None, None, "done"),
    Row("too many rows in a unit",
        imports("source.csv", csv("zebra-1,2015,Slight,Car,Male,20", "zebra-1,2016,Fatal,Car,Male,21"),
                sources.trimmed, 2),
        None, None, "done"),
    Row("row twice", imports("source.csv", csv("zebra-4,2016,Slight,Pedal cycle,Male,44"), sources.trimmed),
        None, None, "done"),
    Row("line that is no UTF-8",
        imports("source.csv", csv(b"zebra-5,2016,Slight,Car,Male,\xff\xfe"), sources.malformed),
        None, None, "done"),
    Row("line of too many fields",
        imports("source.csv", csv("zebra-5,2016,Slight,Car,Male,20,zebra"), sources.malformed),
        None, None, "done"),
    Row("quote that never closes", imports("source.csv", csv('"zebra-5,2016,Slight,Car,Male,20'), sources.malformed),
        None, None, "done"),
    Row("lists in a column of numbers",
        imports("source.parquet", parquet({"age": [["zebra"], []]}), sources.missing("age"), 2),
        None, None, "done"),
    Row("text that is no UTF-8 in Parquet",
        fails_to_import("source.parquet", parquet({"sex": sources.text_that_is_no_utf8(b"Male", b"zebra\xff")})),
        None, Reason.IMPORT_FAILED, "check that the sources are whole"),
    Row("no row", imports("source.csv", sources.raw(f"{HEADER}\n".encode()), sources.read, 0),
        None, None, "done"),
    Row("empty file", fails_to_import("source.csv", sources.raw(b"")),
        None, Reason.WRONG_FILE, "first line names every column"),
    Row("header that is a record",
        fails_to_import("source.csv", sources.raw(b"zebra-1,2014,Fatal,Car,Male,73519735\n")),
        None, Reason.UNKNOWN_COLUMN, "no column"),
    Row("missing column", fails_to_import("source.csv", csv(header="id,year,severity,mode,sex,years")),
        None, Reason.UNKNOWN_COLUMN, "no column 'age'"),
    Row("missing file", fails_to_import("source.csv", sources.no_file),
        None, Reason.WRONG_FILE, "there is no file"),
    Row("folder in the file's place", fails_to_import("source.csv", lambda path: path.mkdir()),
        None, Reason.WRONG_FILE, "cannot be read"),
    Row("Parquet file cut short", fails_to_import("source.parquet", sources.torn_parquet),
        None, Reason.WRONG_FILE, "not a Parquet file"),
    Row("Parquet file of something else", fails_to_import("source.parquet", sources.raw(b"zebra 73519735" * 99)),
        None, Reason.WRONG_FILE, "not a Parquet file"),
]
# fmt: on


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(tmp_path_factory.mktemp("stage")) as made:
        yield made


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_bad_input_is_told_with_what_to_do_costs_nothing_and_loses_nothing(
    stage: Scene, caplog: pytest.LogCaptureFixture, row: Row
) -> None:
    caplog.set_level(logging.INFO)
    async with row.given(stage):
        before = await stage.standings()
        told = await row.do(stage)
        assert await stage.standings() == {
            nation: standing.charged(stage.price) if row.charged else standing for nation, standing in before.items()
        }
    assert (told.status, told.reason) == (row.status, row.reason), told.message
    assert row.word in told.message
    assert row.reason is None or len(told.message) > 20
    after = await loses_nothing(stage)
    no_secret_in(told.message, told.crossed.decode(errors="replace"), caplog.text, after)
    await stage.forget_channels()


async def loses_nothing(stage: Scene) -> str:
    """What was paid for is served again, byte for byte and free; a new question is answered; nothing stays reserved."""
    again = await stage.result(stage.paid)
    assert answers_of(again) == stage.answers
    assert not any(charge.price_nano for charge in again.charges)
    new = await stage.result(stage.fresh())
    assert new.complete
    assert len(new.answers) == len(stage.fed.members)
    for standing in (await stage.standings()).values():
        assert not any(balance.reserved for balance in standing.balances.values())
    return (again.SerializeToString() + new.SerializeToString()).decode(errors="replace")


def no_secret_in(*texts: str) -> None:
    for text in texts:
        assert not any(secret in text for secret in SECRETS)


async def test_secrets_stand_among_the_records() -> None:
    for secret in SECRETS:
        assert any(secret in record for record in RECORDS)


async def test_every_row_has_a_name_of_its_own() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
