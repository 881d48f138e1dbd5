"""The net below the parser: a tree that holds more or less than its text is refused."""

import pytest
from concordat_query.errors import SqlRefusal
from concordat_query.sql.source import Source, read_source
from concordat_query.sql.tree import parse_expression
from concordat_query.sql.whole import check_whole
from concordat_query.sql.words import limit_condition
from sqlglot import exp

TEXT = "NOT (age BETWEEN 1 AND -2 OR sex IS NULL AND mode IN ('Car', 'Bus')) AND year <> 3"


def parsed() -> tuple[Source, exp.Expr]:
    source = limit_condition(read_source(TEXT))
    return source, parse_expression(source)


def test_a_tree_of_exactly_its_text_passes() -> None:
    check_whole(*parsed())


def connectives() -> list[int]:
    """Indexes of the tokens that are neither names nor literals (those in a tree come with their place in the text)."""
    source, root = parsed()
    placed = {node.meta["start"] for node in root.walk() if "start" in node.meta}
    return [index for index, token in enumerate(source.tokens) if token.start not in placed]


@pytest.mark.parametrize("index", connectives())
def test_a_word_or_symbol_that_only_the_tree_has_is_refused(index: int) -> None:
    source, root = parsed()
    with pytest.raises(SqlRefusal):
        check_whole(source.with_tokens(source.tokens[:index] + source.tokens[index + 1 :]), root)


@pytest.mark.parametrize("index", range(len(parsed()[0].tokens)))
def test_a_word_or_symbol_that_only_the_text_has_is_refused(index: int) -> None:
    source, root = parsed()
    token = limit_condition(read_source(" " * 100 + TEXT)).tokens[index]
    with pytest.raises(SqlRefusal) as refused:
        check_whole(source.with_tokens((*source.tokens, token)), root)
    assert "no place" in refused.value.message
