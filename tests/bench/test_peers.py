"""What a peer answered is kept for exactly what it was asked, and peers speak one small language."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from peers import environments
from peers.environments import PEERS, Peer, asked
from peers.protocol import Ask, batches, serve

PEER = Peer("Peer", "smartnoise", "smartnoise")


def ask(records: Path, **more: object) -> dict[str, object]:
    return {
        "line": "count",
        "setting": "programme",
        "records": str(records),
        "keys": {"a": ["x", "y"], "b": ["1", "2", "3"]},
        "statistics": ["count", "mean"],
        "bounds": [0, 100],
        "repetitions": 5,
        "epsilon": 8.0,
        "delta": 1e-6,
        "total": 100,
        **more,
    }


def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: object) -> dict[str, object]:
    given = json.dumps([ask(tmp_path / "records.csv", folder=str(tmp_path / "answer"))])
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    serve("1.2", lambda _: answer)  # type: ignore[arg-type, return-value]  # wrong ones, too
    found: dict[str, object] = json.loads((tmp_path / "answer" / "told.json").read_text())
    return found


def test_a_peers_figures_are_written_with_what_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = told(monkeypatch, tmp_path, {"count": np.ones((5, 6))})
    assert found == {"version": "1.2", "variance": "population", "statistics": ["count"], "why_not": ""}
    assert np.load(tmp_path / "answer" / "count.npy").shape == (5, 6)


def test_a_peer_may_say_why_it_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert told(monkeypatch, tmp_path, "it has no means")["why_not"] == "it has no means"


def test_figures_that_lack_a_cell_are_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shape"):
        told(monkeypatch, tmp_path, {"count": np.ones((5, 5))})
    assert not (tmp_path / "answer" / "told.json").exists()


def test_a_query_has_a_part_of_the_budget_for_each_of_its_statistics() -> None:
    question = Ask(**{**ask(Path()), "records": Path(), "bounds": (0, 100)})  # type: ignore[arg-type]
    assert question.share == 0.02
    alone = Ask(**{**ask(Path()), "setting": "alone", "records": Path(), "bounds": (0, 100)})  # type: ignore[arg-type]
    assert alone.share == 1.0


def test_cells_are_the_product_of_the_keys_the_last_running_fastest() -> None:
    question = Ask(**{**ask(Path()), "records": Path(), "bounds": (0, 100)})  # type: ignore[arg-type]
    assert question.cells[:4] == [("x", "1"), ("x", "2"), ("x", "3"), ("y", "1")]


def test_batches_add_up() -> None:
    assert list(batches(250, 100)) == [100, 100, 50]


def test_an_answer_is_kept_for_the_same_question_and_records_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    records = tmp_path / "records.csv"
    records.write_text("a,b,age\n")
    monkeypatch.setattr(environments, "KEPT", tmp_path)
    monkeypatch.setattr(environments, "interpreter", lambda _: Path("false"))
    [first] = asked(PEER, [ask(records)])
    moved = records.rename(tmp_path / "moved.csv")
    assert asked(PEER, [ask(moved)]) == [first]
    assert asked(PEER, [ask(moved, epsilon=4.0)]) != [first]
    assert asked(Peer("Peer", "smartnoise", "smartnoise", ("by-hand",)), [ask(moved)]) != [first]
    moved.write_text("a,b,age\nx,1,20\n")
    assert asked(PEER, [ask(moved)]) != [first]


def test_every_peer_has_its_module_and_its_requirements() -> None:
    folder = Path(environments.__file__).parent
    for peer in PEERS:
        assert (folder / f"{peer.module}.py").exists()
        assert "--hash=sha256:" in (folder / "requirements" / f"{peer.needs}.txt").read_text()
