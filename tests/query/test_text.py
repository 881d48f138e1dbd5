"""SQL text becomes the typed question that it asks, and nothing of the text is lost on the way."""

import pytest
from concordat_query.canonical import canonical_bytes, canonical_query
from concordat_query.errors import SqlRefusal
from concordat_query.model import (
    Aggregate,
    AggregateRef,
    Arithmetic,
    Comparator,
    Comparison,
    KeyColumn,
    NationColumn,
    Operator,
    Presentation,
    Query,
    ShownColumn,
    Statistic,
    ValueColumn,
)
from concordat_query.sql.source import read_source
from concordat_query.text import Question, read_sql
from fakes.catalogue import small_catalogue

CATALOGUE = small_catalogue()
AFTER_THE_NOISE = """SELECT nation AS who, year, severity, 100 * COUNTIF(age < 16) / (COUNT(*) - 1) AS percent,
       SUM(age) + -2 AS s
FROM road.casualties
WHERE year >= 2015
GROUP BY nation, ROLLUP(severity, year)
HAVING NOT (percent > 3 OR s IS NULL) AND COUNT(sex) BETWEEN -1 AND 9000 AND severity IN ('Fatal', 'Slight')
ORDER BY percent DESC NULLS FIRST, SAFE_DIVIDE(s, COUNT(sex)) ASC NULLS LAST, 2 NULLS LAST, who NULLS LAST
LIMIT 10 OFFSET 5"""
TYPICAL = """SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 0.5, max_groups_contributed = 2)
       nation, severity, COUNT(*) AS casualties, AVG(age) AS mean_age,
       COUNTIF(severity = 'Fatal') / COUNT(*) AS share -- of all
FROM road.casualties
WHERE year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle') AND (age BETWEEN 18 AND 30 OR sex IS NOT NULL)
  AND nation NOT IN ('Wales')
GROUP BY nation, severity"""


def ask(sql: str) -> Question:
    return read_sql(sql, CATALOGUE)


def where(condition: str) -> Question:
    return ask(f"SELECT COUNT(*) FROM road.casualties WHERE {condition}")  # noqa: S608


def form(question: Question) -> bytes:
    """The canonical bytes of what nodes would be asked."""
    query = Query(question.dataset, question.keys, question.where, question.aggregates, 1, 1, 1)
    return canonical_bytes(canonical_query(query))


def test_a_count_of_everything() -> None:
    assert ask("SELECT COUNT(*) FROM road.casualties") == Question(
        dataset="road.casualties",
        keys=(),
        where=None,
        aggregates=(Aggregate(Statistic.COUNT_ROWS),),
        presentation=Presentation(by_nation=False, columns=(ValueColumn("count", AggregateRef(0)),)),
        nations=None,
        epsilon=None,
        margin_of_error=None,
        max_groups_contributed=None,
        max_rows_contributed=None,
    )


def test_a_typical_query() -> None:
    question = ask(TYPICAL)
    fatal = Comparison("severity", Comparator.EQUAL, "Fatal")
    counts, means = Aggregate(Statistic.COUNT_ROWS), Aggregate(Statistic.AVG, "age")
    fatalities = Aggregate(Statistic.COUNT_ROWS, None, fatal)
    assert set(question.aggregates) == {counts, means, fatalities}
    refs = {aggregate: AggregateRef(index) for index, aggregate in enumerate(question.aggregates)}
    assert question.keys == ("severity",)
    assert question.presentation == Presentation(
        by_nation=True,
        columns=(
            NationColumn("nation"),
            KeyColumn("severity", 0),
            ValueColumn("casualties", refs[counts]),
            ValueColumn("mean_age", refs[means]),
            ValueColumn("share", Arithmetic(Operator.DIVIDE, refs[fatalities], refs[counts])),
        ),
    )
    assert question.nations == ("England", "Scotland", "Northern Ireland")
    assert (question.epsilon, question.max_groups_contributed, question.max_rows_contributed) == (0.5, 2, None)


@pytest.mark.parametrize(
    "name", ["road.casualties", "`road.casualties`", "`road`.`casualties`", "road.`casualties`", "Road.CASUALTIES"]
)
def test_a_data_set_is_named_with_or_without_backquotes(name: str) -> None:
    assert ask(f"select count(*) from {name};").dataset == "road.casualties"  # noqa: S608


def test_what_is_shown_changes_nothing_of_what_nodes_are_asked() -> None:
    plain = ask("SELECT year, severity, COUNT(*), SUM(age) FROM road.casualties GROUP BY year, severity")
    other = ask(
        "SELECT SUM(AGE) AS s, severity AS how, COUNT(*) / SUM(age) AS r, (COUNT(*)) AS n, Year, severity"
        " FROM road.casualties GROUP BY (severity), YEAR"
    )
    assert form(plain) == form(other)
    assert plain.presentation != other.presentation


def test_aggregate_references_follow_the_canonical_order() -> None:
    for sql in ["SUM(age), COUNT(*), COUNT(sex), AVG(age)", "AVG(age), COUNT(sex), COUNT(*), SUM(age)"]:
        question = ask(f"SELECT {sql} FROM road.casualties")  # noqa: S608
        query = Query(question.dataset, (), None, question.aggregates, 1, 1, 1)
        assert canonical_query(query) == query
        shown = [question.aggregates[column.value.index] for column in question.presentation.columns]  # type: ignore[union-attr]
        assert [f"{a.statistic.value}({a.scalar})" for a in shown] == [
            "COUNT(*)(None)" if part == "COUNT(*)" else part for part in sql.split(", ")
        ]


def test_names_that_are_not_given_are_made_of_what_is_counted() -> None:
    question = ask(
        "SELECT nation, year, COUNT(*), COUNT(sex), COUNTIF(age > 64), SUM(age), AVG(age), SUM(age) / COUNT(age)"
        " FROM road.casualties GROUP BY year, nation"
    )
    assert [column.name for column in question.presentation.columns] == [
        "nation",
        "year",
        "count",
        "count_sex",
        "countif",
        "sum_age",
        "avg_age",
        "sum_age_per_count_age",
    ]


@pytest.mark.parametrize(
    ("condition", "nations"),
    [
        ("year = 2016", None),
        ("nation = 'Wales'", ("Wales",)),
        ("'Wales' = NATION", ("Wales",)),
        ("nation <> 'Wales' AND year = 2016", ("England", "Scotland", "Northern Ireland")),
        ("nation IN ('Wales', 'England')", ("England", "Wales")),
        ("NOT nation IN ('Wales', 'England')", ("Scotland", "Northern Ireland")),
        ("(year = 2016 AND (nation NOT IN ('Wales') AND nation != 'England'))", ("Scotland", "Northern Ireland")),
        ("(nation = 'Wales' OR nation = 'Scotland') AND year = 2016", ("Wales", "Scotland")),
    ],
)
def test_conditions_on_nation_choose_nodes_and_never_reach_them(
    condition: str, nations: tuple[str, ...] | None
) -> None:
    question = where(condition)
    assert question.nations == nations
    expected = Comparison("year", Comparator.EQUAL, 2016) if "year" in condition else None  # type: ignore[arg-type]
    assert question.where == expected


def test_order_and_having_speak_of_keys_by_name_by_alias_and_by_expression() -> None:
    def first_term(by: str) -> object:
        sql = "SELECT DIV(year, 2) AS pair, severity AS how, COUNT(*) AS n FROM road.casualties"
        return ask(f"{sql} GROUP BY DIV(year, 2), severity ORDER BY {by}").presentation.order[0].by

    assert first_term("pair") == first_term("DIV(year, 2)") == first_term("(DIV(Year, 2))") == ShownColumn(0)
    assert first_term("how") == first_term("severity") == first_term("2") == ShownColumn(1)
    with pytest.raises(SqlRefusal, match="neither grouped by nor counted"):
        first_term("DIV(year, 3)")


def test_the_options_of_the_clause() -> None:
    def options(text: str) -> tuple[float | None, int | None, int | None]:
        question = ask(f"SELECT WITH DIFFERENTIAL_PRIVACY{text} COUNT(*) FROM road.casualties")  # noqa: S608
        return question.epsilon, question.max_groups_contributed, question.max_rows_contributed

    assert options("") == (None, None, None)
    assert options(" OPTIONS ()") == (None, None, None)
    assert options(" options(Epsilon=2)") == (2.0, None, None)
    assert options(" OPTIONS (max_rows_contributed = 3, epsilon = 1e-1)") == (0.1, None, 3)
    assert options("\nOPTIONS (max_groups_contributed = 10000)") == (None, 10000, None)


def test_words_that_only_other_databases_reserve_are_names() -> None:
    table = CATALOGUE.datasets["road.casualties"].model_dump(mode="json")
    for column in table["columns"]:
        column["name"] = {"mode": "date", "sex": "first", "age": "rows"}.get(column["name"], column["name"])
    catalogue = CATALOGUE.model_validate({**CATALOGUE.model_dump(mode="json"), "datasets": {"road.casualties": table}})
    question = read_sql(
        "SELECT date, AVG(rows) AS index FROM road.casualties WHERE first IS NULL GROUP BY date", catalogue
    )
    assert question.keys == ("date",)
    assert question.aggregates == (Aggregate(Statistic.AVG, "rows"),)


def pieces(sql: str) -> list[str]:
    """A query cut into its tokens."""
    source = read_source(sql)
    return [source.text[token.start : token.end + 1] for token in source.tokens]


@pytest.mark.parametrize("sql", [TYPICAL, AFTER_THE_NOISE], ids=["typical", "after the noise"])
def test_a_token_left_out_is_refused_or_changes_the_question(sql: str) -> None:
    whole = ask(sql)
    parts = pieces(sql)
    means_nothing = {"ASC"}  # what is meant without it, too
    assert ask(" ".join(parts)) == whole
    for index in range(len(parts)):
        if parts[index] in means_nothing:
            continue
        without = " ".join(parts[:index] + parts[index + 1 :])
        try:
            assert ask(without) != whole, without
        except SqlRefusal:
            continue


SYMBOLS = "(),.*/-+=<%;[]?@!"
WORDS = ["NOT", "AND", "OR", "NULL", "IS", "IN", "AS", "BY", "ALL", "DISTINCT", "SELECT", "FROM", "WHERE", "GROUP BY"]
OTHERS = [
    "LIMIT",
    "HAVING",
    "ORDER BY",
    "DESC",
    "NULLS FIRST",
    "ROLLUP",
    "OFFSET 3",
    "LIMIT 10",
    "OVER",
    "1",
    "'Wales'",
    "age",
    "FINAL",
    "{# x #}",
]


@pytest.mark.parametrize("sql", [TYPICAL, AFTER_THE_NOISE], ids=["typical", "after the noise"])
@pytest.mark.parametrize("extra", [*SYMBOLS, *WORDS, *OTHERS])
def test_a_token_too_many_is_refused_or_changes_the_question(extra: str, sql: str) -> None:
    whole = ask(sql)
    parts = pieces(sql)
    harmless = [len(parts)] if extra == ";" else []
    for index in range(len(parts) + 1):
        if index in harmless:
            continue
        with_extra = " ".join([*parts[:index], extra, *parts[index:]])
        try:
            assert ask(with_extra) != whole, with_extra
        except SqlRefusal:
            continue


@pytest.mark.parametrize(
    ("written", "statistic"),
    [
        ("VAR_SAMP", Statistic.VAR_SAMP),
        ("variance", Statistic.VAR_SAMP),
        ("VAR_POP", Statistic.VAR_POP),
        ("stddev", Statistic.STDDEV_SAMP),
        ("STDDEV_SAMP", Statistic.STDDEV_SAMP),
        ("Stddev_Pop", Statistic.STDDEV_POP),
    ],
)
def test_variances_and_deviations_have_bigquerys_names(written: str, statistic: Statistic) -> None:
    question = ask(f"SELECT {written}(age) FROM road.casualties")  # noqa: S608
    assert question.aggregates == (Aggregate(statistic, "age"),)
    assert [column.name for column in question.presentation.columns] == [f"{statistic.value.lower()}_age"]


def test_a_spread_takes_calculations_filters_and_part_in_expressions() -> None:
    question = ask(
        "SELECT severity, STDDEV(age * 2) FILTER (WHERE sex = 'Male') / AVG(age) AS variation FROM road.casualties"
        " GROUP BY ROLLUP(severity) HAVING VAR_POP(age) > 10 ORDER BY STDDEV(age)"
    )
    assert {aggregate.statistic for aggregate in question.aggregates} == {
        Statistic.STDDEV_SAMP,
        Statistic.AVG,
        Statistic.VAR_POP,
    }
    assert len(question.aggregates) == 4


@pytest.mark.parametrize("name", ["COVAR_SAMP", "covar_pop", "CORR", "REGR_SLOPE", "regr_intercept"])
def test_statistics_of_two_values_keep_their_order(name: str) -> None:
    question = ask(f"SELECT {name}(age, year) FILTER (WHERE sex = 'Male') FROM road.casualties")  # noqa: S608
    male = Comparison("sex", Comparator.EQUAL, "Male")
    assert question.aggregates == (Aggregate(Statistic(name.upper()), "age", male, other="year"),)
    assert [column.name for column in question.presentation.columns] == [f"{name.lower()}_age_year"]
    other = ask(f"SELECT {name}(year, age) FILTER (WHERE sex = 'Male') FROM road.casualties")  # noqa: S608
    assert form(question) != form(other)
