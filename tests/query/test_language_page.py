"""The language page shows what is read, and says of no form that it works when it does not."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from concordat_query.catalogue import load
from concordat_query.errors import SqlRefusal
from concordat_query.sql.clause import Options
from concordat_query.sql.tree import FUNCTIONS
from concordat_query.text import parse_condition, read_sql

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "language.md").read_text()
CATALOGUE = load(ROOT / "deploy" / "demo" / "catalogue.toml")
CASUALTIES = CATALOGUE.dataset("road.casualties")
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def first_cells(heading: str) -> list[str]:
    """What stands in backquotes in the first cells of the table under a heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| ")][2:]
    return [form for row in rows for form in re.findall("`(.*?)`", row)]


@pytest.mark.parametrize("sql", QUERIES, ids=range(len(QUERIES)))
def test_every_query_of_the_page_is_read(sql: str) -> None:
    read_sql(sql, CATALOGUE)


def test_the_page_has_its_examples() -> None:
    assert len(QUERIES) >= 4


@pytest.mark.parametrize("word", sorted({*FUNCTIONS, *(option.name for option in fields(Options))}))
def test_the_page_tells_of_every_function_and_option(word: str) -> None:
    assert re.search(rf"\b{word}\b", PAGE)


def test_every_form_that_may_be_selected_is_read() -> None:
    for form in first_cells("What is selected"):
        group = f" GROUP BY {form}" if form.isidentifier() else ""
        read_sql(f"SELECT {form}, COUNT(*) AS n FROM road.casualties{group}", CATALOGUE)  # noqa: S608


def test_every_form_of_condition_is_read() -> None:
    forms = [form for form in first_cells("WHERE") if not form.isupper()]
    assert len(forms) == 6
    for form in forms:
        parse_condition(form, CASUALTIES)


@pytest.mark.parametrize("form", [form for form in first_cells("Written otherwise") if "(" in form or "*" in form])
def test_what_is_written_otherwise_is_refused(form: str) -> None:
    sql = f"SELECT {form.replace('x', 'age').replace('a / b', 'COUNT(*) / COUNT(age)')} FROM road.casualties"  # noqa: S608
    with pytest.raises(SqlRefusal):
        read_sql(sql, CATALOGUE)
