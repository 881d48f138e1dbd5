"""The texts whose reading is measured are what they are called: one that is read, others that are refused."""

from pathlib import Path

import pytest
from concordat_query.catalogue import load
from concordat_query.errors import Refusal
from language import TYPICAL, beyond_limits, read_and_check, within_limits

CATALOGUE = load(Path(__file__).parents[2] / "deploy" / "demo" / "catalogue.toml")
TEXTS = beyond_limits() | within_limits()


def test_the_typical_query_is_read() -> None:
    read_and_check(TYPICAL, CATALOGUE)


@pytest.mark.parametrize("sql", [pytest.param(sql, id=name) for name, sql in TEXTS.items()])
def test_what_is_made_to_cost_much_is_refused(sql: str) -> None:
    with pytest.raises(Refusal):
        read_and_check(sql, CATALOGUE)
