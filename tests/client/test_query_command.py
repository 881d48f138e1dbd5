"""`concordat query` and `concordat verify`: what is written where, and what is refused before anything is paid for."""

import asyncio
import csv
import io
import json
import sys
from pathlib import Path

import polars
import pytest
from click.testing import CliRunner, Result
from concordat_client import destinations, saving
from concordat_client.cli import main
from concordat_query.errors import Reason, Refusal
from fakes.analysts import write_client
from fakes.federation import federation
from fakes.results import COUNTS, FakeParties

NATIONS = ["Wales", "Scotland"]


async def invoke(*arguments: object) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, [str(argument) for argument in arguments])


async def test_a_result_is_written_in_every_format_to_a_file_or_to_standard_output(tmp_path: Path) -> None:
    async with federation(tmp_path, nations=NATIONS) as fed:
        config = write_client(fed)

        async def run(*more: object) -> Result:
            done = await invoke("query", "--config", config, *more, COUNTS)
            assert done.exit_code == 0, done.output
            return done

        told = await run("--format", "csv")
        rows = list(csv.DictReader(io.StringIO(told.stdout_bytes.decode(), newline="")))
        assert [row["nation"] for row in rows][::3] == ["Wales", "Scotland", "Wales and Scotland"]
        assert "What is protected is" in told.stderr  # what CSV has no place for
        assert json.loads((await run("--format", "json")).stdout)["rows"][0]["nation"] == "Wales"
        assert (await run("--format", "arrow")).stdout_bytes.startswith(b"ARROW1")
        await run("--format", "parquet", "--output", tmp_path / "n.parquet")
        assert polars.read_parquet(tmp_path / "n.parquet")["n"].len() == 9
        await run("--output", tmp_path / "n.txt")
        assert "Wales and Scotland" in (tmp_path / "n.txt").read_text()


async def test_what_could_not_be_written_is_refused_before_anybody_is_charged(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    async with federation(tmp_path, nations=NATIONS) as fed:
        config = write_client(fed)
        for more, told in (
            (("--output", tmp_path / "there"), "is there already"),
            (("--save", tmp_path / "there"), "is there already"),
            (("--output", tmp_path), "is there already"),
            (("--output", tmp_path / "nowhere" / "x"), "there is no folder"),
            (("--output", tmp_path / "x", "--save", tmp_path / "x"), "need a file each"),
        ):
            done = await invoke("query", "--config", config, *more, COUNTS)
            assert done.exit_code == 2
            assert done.stderr.startswith("error: WRONG_FILE: ")
            assert told in done.stderr
        assert [await member.spent() for member in fed.members.values()] == [0, 0]
        assert (tmp_path / "there").read_text() == "mine"
        done = await invoke("query", "--config", config, "--output", tmp_path / "there", "--force", COUNTS)
        assert done.exit_code == 0
        assert "Scotland" in (tmp_path / "there").read_text()


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_bytes_are_not_written_to_a_terminal(form: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(Refusal, match="give --output") as refused:
        destinations.check(form, None, None, force=False)
    assert refused.value.reason is Reason.WRONG_FILE
    destinations.check(form, tmp_path / "x", None, force=False)
    destinations.check("csv", None, None, force=False)


async def test_what_failed_to_be_written_after_the_charge_names_the_key_that_gets_it_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, data: bytes, *, replace: bool) -> None:
        raise Refusal(Reason.WRONG_FILE, f"{path}: cannot be written: no space")

    monkeypatch.setattr(saving, "write", fail)
    async with federation(tmp_path, nations=["Wales"]) as fed:
        done = await invoke("query", "--config", write_client(fed), "--key", "mine", "--output", tmp_path / "x", COUNTS)
    assert done.exit_code == 2
    assert "add --key mine" in done.stderr


async def test_a_saved_result_is_verified_without_any_connection_by_ones_own_keys_or_the_files(tmp_path: Path) -> None:
    path = tmp_path / "result.concordat"
    async with federation(tmp_path, nations=NATIONS) as fed:
        config = write_client(fed)
        assert (await invoke("query", "--config", config, "--save", path, COUNTS)).exit_code == 0
    own = await invoke("verify", "--config", config, path)
    assert own.exit_code == 0, own.output
    assert "FAILS" not in own.output
    assert "holds  the agreement, with its keys, is your own copy" in own.output
    assert "not compared" not in own.output
    assert "Wales and Scotland" in own.output
    alone = await invoke("verify", path)
    assert alone.exit_code == 0
    assert "The keys were not compared with your own" in alone.output


async def test_a_result_that_does_not_prove_itself_is_not_shown_and_the_status_is_1(tmp_path: Path) -> None:
    path = tmp_path / "result.concordat"
    parties = FakeParties()
    parts = saving.parts_of(parties.result(COUNTS))
    path.write_bytes(saving.pack({**parts, "question.sql": b"SELECT \x1b[2J"}))
    done = await invoke("verify", path)
    assert done.exit_code == 1
    assert "FAILS  the SQL text says what was signed: " in done.output
    assert "do not use it" in done.output
    assert "England" not in done.output
    assert "\x1b[2J" not in done.output
    assert (await invoke("verify", tmp_path / "nothing")).exit_code == 2
