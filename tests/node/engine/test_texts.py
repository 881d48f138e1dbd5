"""Neighbouring sources: what choosing texts, counting the hidden ones and the plan for the chosen see of one unit."""

# ruff: noqa: S311 - reproducible samples, not secrets

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from concordat_node.engine import texts
from concordat_node.engine.bounding import kept_condition
from concordat_node.engine.holdings import Holding, open_holdings
from concordat_node.engine.scans import scans
from concordat_node.engine.settings import EngineSettings
from concordat_node.engine.texts import Choice, Counts, TextKey, counted
from concordat_node.importing import mapping as mappings
from concordat_node.importing.build import Resources, import_dataset
from concordat_privacy import noise
from concordat_privacy.components import Kind
from concordat_privacy.plan import Plan, plan
from concordat_privacy.private_keys import Selection
from concordat_privacy.thresholds import delta_of_threshold
from concordat_query.catalogue import Catalogue
from concordat_query.model import Aggregate, Comparator, Comparison, Query, Statistic
from fakes.engine import query
from fakes.private_texts import DATASET, Record, csv_text, source, visits
from fakes.toml import write_toml
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = [f"Practice {number}" for number in range(7)]
MOST = 5
COUNT, UNITS = Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.COUNT_UNITS)
SUM = Aggregate(Statistic.SUM, "age")
KNOWN = (NAMES[0], NAMES[2], NAMES[3])
"""Texts that might have been released: what follows is looked at for a fixed choice."""


def asked(max_groups: int, keys: Sequence[str] = ("practice",), **more: object) -> Query:
    limits = {"price_nano": 10**9, "max_groups": max_groups, "delta_e15": 10**9, "max_rows": 3, **more}
    return query(DATASET, keys, (COUNT, UNITS, SUM), **limits)  # type: ignore[arg-type]


class Imported:
    """A source that was imported, and the engine's own statements over it."""

    def __init__(self, folder: Path, rows: Sequence[Record], catalogue: Catalogue, secret: bytes = b"s" * 32) -> None:
        data, state = folder / "data", folder / "state"
        data.mkdir(parents=True)
        (data / "visits.csv").write_text(csv_text(rows))
        key = state / "keys" / "patients.key"
        key.parent.mkdir(parents=True, mode=0o700)
        key.write_bytes(secret)
        key.chmod(0o600)
        path = write_toml(folder / "mapping.toml", {"dataset": DATASET, **source("England", []).mapping})
        import_dataset(mappings.load(path, catalogue), data, state, Resources("500MB", threads=1))
        file = write_toml(folder / "catalogue.toml", catalogue.model_dump(exclude_none=True))
        settings = EngineSettings("node", b"", file, (path,), state, memory_limit="500MB", threads=1)
        self.holding: Holding = next(iter(open_holdings(settings).by_edition.values()))
        self.dataset = catalogue.dataset(DATASET)

    def key(self, query: Query) -> TextKey:
        selection = plan(query, self.dataset).selection
        assert selection is not None
        return TextKey("practice", selection, self.holding.table, self.holding.texts_of("practice"))

    def units(self, query: Query) -> Mapping[str, int]:
        """How many units count in each text."""
        planned = plan(query, self.dataset)
        sql = self.key(query).counts_sql(self.dataset, kept_condition(planned, self.holding.coverage))
        counts = [pair for batch in counted(self.holding.connection, sql) for pair in zip(*batch, strict=True)]
        names = dict(self.holding.connection.execute(f"FROM {self.holding.texts_of('practice')}").fetchall())
        return {names[code]: int(units) for code, units in counts}

    def components(self, query: Query, known: Sequence[str] = KNOWN) -> list[np.ndarray]:
        """The exact components once these texts are known, but for the hidden."""
        names = {
            text: code
            for code, text in self.holding.connection.execute(f"FROM {self.holding.texts_of('practice')}").fetchall()
        }
        # A text that only the other source has is known, too: it stands for a code that no row has.
        codes = [names.get(text, 10**6 + place) for place, text in enumerate(known)]
        dataset = self.dataset.with_texts("practice", tuple(known))
        planned = plan(query, dataset)
        indexes = [i for i, each in enumerate(planned.components) if each.kind is not Kind.HIDDEN]
        vectors = [np.zeros(planned.components[index].length, dtype=np.int64) for index in indexes]
        table = self.key(query).told_apart(codes)
        asked = scans(planned, dataset, self.holding.coverage, indexes, table)
        for index, place, exact in asked.read(self.holding.connection):
            vectors[index][place] += exact
        return vectors


def random_rows(chance: random.Random) -> list[Record]:
    """Units with one to seven rows, of one practice or several, some missing."""
    rows = []
    for unit in range(25):
        own = chance.sample([*NAMES, ""], chance.choice([1, 1, 2, 3, 5]))
        for _ in range(chance.randint(1, 7)):
            rows.append(
                (f"u{unit}", chance.choice(own), chance.choice(["Male", "Female"]), str(chance.randint(0, 100)))
            )
    return rows


def plans(query: Query, catalogue: Catalogue) -> Plan:
    return plan(query, catalogue.dataset(DATASET).with_texts("practice", KNOWN))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("max_groups", [1, 2, 5])
def test_one_unit_moves_choice_hidden_and_components_within_their_claims(
    tmp_path: Path, seed: int, max_groups: int
) -> None:
    chance = random.Random(seed)
    rows, catalogue = random_rows(chance), visits(MOST)
    where = Comparison("sex", Comparator.EQUAL, "Male") if seed % 2 else None
    whole = Imported(tmp_path / "whole", rows, catalogue)
    for unit in chance.sample(sorted({row[0] for row in rows}), 3):
        without = Imported(tmp_path / unit, [row for row in rows if row[0] != unit], catalogue)
        for keys in (("practice",), ("practice", "sex")):
            question = asked(max_groups, keys, where=where)
            planned = plans(question, catalogue)
            assert planned.selection is not None
            here, there = whole.units(question), without.units(question)
            moved = {text: here[text] - there.get(text, 0) for text in here if here[text] != there.get(text, 0)}
            assert set(there) <= set(here)
            assert set(moved.values()) <= {1}
            assert len(moved) <= planned.selection.texts
            hidden = [len(set(counts) - set(KNOWN)) for counts in (here, there)]
            (component,) = [each for each in planned.components if each.kind is Kind.HIDDEN]
            assert (hidden[0] - hidden[1]) ** 2 <= component.sensitivity.squared
            for index, (one, other) in enumerate(
                zip(whole.components(question), without.components(question), strict=True)
            ):
                assert ((one - other) ** 2).sum() <= planned.components[index].sensitivity.squared


@pytest.mark.parametrize("max_groups", [1, 3, 5])
def test_the_claims_are_attained(tmp_path: Path, max_groups: int) -> None:
    """By a unit with a text in each of its rows that nobody else has."""
    catalogue, question = visits(MOST), asked(max_groups)
    alone = [("u", f"Only here {number}", "Male", "100") for number in range(MOST)]
    others = [(f"v{number}", NAMES[0], "Male", "40") for number in range(5)]
    here = Imported(tmp_path / "here", [*others, *alone], catalogue).units(question)
    there = Imported(tmp_path / "there", others, catalogue).units(question)
    planned = plans(question, catalogue)
    assert planned.selection is not None
    assert len(set(here) - set(there)) == planned.selection.texts == max_groups
    (component,) = [each for each in planned.components if each.kind is Kind.HIDDEN]
    assert (len(here) - len(there)) ** 2 == component.sensitivity.squared


def test_rows_for_units_would_break_the_claim_and_are_not_counted(tmp_path: Path) -> None:
    rows = [("u", "Busy", "Male", "40")] * MOST
    assert Imported(tmp_path, rows, visits(MOST)).units(asked(5)) == {"Busy": 1}


def test_which_texts_of_a_unit_count_depends_on_no_other_unit(tmp_path: Path) -> None:
    """Texts of other units shift the codes of all after them; the choice goes by the text."""
    catalogue, question = visits(MOST), asked(1)
    rows = [(f"u{unit}", name, "Male", "40") for unit in range(40) for name in NAMES[:5]]
    more = [(f"v{number}", f"A practice {number}", "Male", "40") for number in range(90)]
    before = Imported(tmp_path / "before", rows, catalogue).units(question)
    after = Imported(tmp_path / "after", [*rows, *more], catalogue).units(question)
    assert {text: units for text, units in after.items() if text in before} == before
    assert len(set(before.values())) > 1


def test_a_threshold_is_reached_by_equality(monkeypatch: pytest.MonkeyPatch) -> None:
    key = text_key(threshold=10, most=100)
    monkeypatch.setattr(noise, "draw", lambda scale, cells: np.array([0, 0, 3, -1])[:cells])
    assert key.released([batch((5, 10), (6, 9), (7, 7), (8, 10))]) == Choice([5, 7], 2)


def test_of_too_many_the_largest_noisy_counts_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    key = text_key(threshold=10, most=2)
    monkeypatch.setattr(noise, "draw", lambda scale, cells: np.array([5, 0, -5, 1])[:cells])
    assert key.released([batch((1, 20), (2, 20), (3, 30), (4, 20))]) == Choice([1, 3], 2)  # 25, 20, 25, 21
    assert text_key(threshold=10, most=0).released([batch((1, 20))]) == Choice([], 1)
    assert key.released([]) == Choice([], 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-9, 9))), st.integers(1, 7), st.integers(1, 6))
def test_texts_are_chosen_batch_by_batch_as_if_they_were_seen_at_once(
    each: list[tuple[int, int]], size: int, most: int
) -> None:
    """Of equal noisy counts the text first in order goes first, and the others are hidden."""
    key, own = text_key(threshold=20, most=most), iter([added for _, added in each])
    pairs = [(3 * code % (3 * len(each) + 1), units) for code, (units, _) in enumerate(each)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(noise, "draw", lambda law, cells: np.array([next(own) for _ in range(cells)], dtype=np.int64))
        choice = key.released(batch(*pairs[start : start + size]) for start in range(0, len(pairs), size))
    noisy = [(-units - added, code) for (code, units), (_, added) in zip(pairs, each, strict=True)]
    expected = [code for total, code in sorted(noisy) if -total >= 20][:most]
    assert choice == Choice(sorted(expected), len(each) - len(expected))


def test_however_many_texts_there_are_few_are_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "BATCH", 64)
    here = Imported(tmp_path, [(f"u{number}", f"Text {number}", "Male", "1") for number in range(5000)], visits())
    sql = here.key(asked(1)).counts_sql(here.dataset, None)
    sizes = [len(codes) for codes, _ in counted(here.holding.connection, sql)]
    assert (sum(sizes), max(sizes)) == (5000, 64)
    drawn: list[int] = []

    def draw_all(wanted: Sequence[tuple[object, int]]) -> list[np.ndarray]:
        drawn.extend(cells for _, cells in wanted)
        return [np.full(cells, 100) for _, cells in wanted]

    monkeypatch.setattr(noise, "draw_all", draw_all)
    assert text_key(threshold=10, most=7).released(counted(here.holding.connection, sql)) == Choice([*range(7)], 4993)
    assert drawn == sizes


def test_a_lone_units_text_is_released_with_probability_delta(tmp_path: Path) -> None:
    """Through the engine's own choice; at a delta where it can be seen. A threshold less by one would show twice as
    often."""
    question = query(DATASET, ("practice",), (COUNT,), price_nano=4 * 10**9, delta_e15=9 * 10**12, max_groups=2)
    selection = plan(question, visits(2).dataset(DATASET)).selection
    assert selection is not None
    assert selection.texts == 2
    key = TextKey("practice", selection, "rows", "texts")
    trials, lone = 30_000, batch((1, 1), (2, 1))
    released = sum(bool(key.released([lone]).codes) for _ in range(trials))
    claimed = texts_delta(selection)
    assert claimed <= 0.009
    assert abs(released - claimed * trials) < 5 * (claimed * trials) ** 0.5


def batch(*counts: tuple[int, int]) -> Counts:
    codes, units = np.array(counts, dtype=np.int64).reshape(-1, 2).T
    return codes, units


def texts_delta(selection: Selection) -> float:
    return delta_of_threshold(selection.threshold, selection.scale, selection.texts)


def text_key(threshold: int, most: int) -> TextKey:
    return TextKey("practice", Selection(0, 1, 5.0, threshold, 1, 1, most), "rows", "texts")


def test_the_editions_texts_are_in_the_order_of_code_points_without_gaps(tmp_path: Path) -> None:
    rows = [
        (f"u{number}", name, "Male", "1") for number, name in enumerate(["b", "a", "Z", "é", "a", "", "zz", "  b "])
    ]
    holding = Imported(tmp_path, rows, visits()).holding
    found = holding.connection.execute(f"FROM {holding.texts_of('practice')} ORDER BY code").fetchall()
    assert found == list(enumerate(sorted({"b", "a", "Z", "é", "zz"})))


@pytest.mark.parametrize("released", [0, 1, 32, 33, 100, 1000])
def test_however_many_are_released_each_has_its_place_and_rows_keep_their_order(tmp_path: Path, released: int) -> None:
    rows = [(f"u{number}", f"Text {number:04}", "Male", "1") for number in range(1200)]
    here = Imported(tmp_path, [*rows, ("v", "", "Male", "1")], visits())
    codes = sorted(random.Random(released).sample(range(1200), released))
    table = here.key(asked(1)).told_apart(codes)
    found = here.holding.connection.execute(
        f"SELECT own.practice, told.practice, told.rowid = own.rowid FROM {table} AS told "  # noqa: S608
        f"JOIN {here.holding.table} AS own ON told.unit = own.unit"
    ).fetchall()
    assert len(found) == 1201
    for code, place, same in found:
        assert same
        assert place == (None if code is None else codes.index(code) if code in codes else released)
