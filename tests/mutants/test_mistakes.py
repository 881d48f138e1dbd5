"""The list of mistakes keeps up with the code: each can still be planted, and the test that it names stands."""

import ast

import pytest
from mutants.mistakes import MISTAKES, Mistake
from mutants.plant import ROOT, changed


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_can_be_planted_and_its_test_stands(mistake: Mistake) -> None:
    text = (ROOT / mistake.file).read_text()
    assert changed(text, mistake) != text
    file, _, name = mistake.test.partition("::")
    tree = ast.parse((ROOT / file).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert name in names


def test_there_are_enough_and_none_twice() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) >= 25


def test_what_stands_in_a_file_twice_is_not_planted() -> None:
    with pytest.raises(ValueError, match="2 times"):
        changed("a = 1\na = 1\n", Mistake("", "", "a = 1", "a = 2", ""))
