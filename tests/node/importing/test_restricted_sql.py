"""What a mapping's SQL may say, and that everything else is refused at its place."""

import pytest
from concordat_node.importing.restricted_sql import Statement, check_mapping_sql
from concordat_query.errors import Reason, SqlRefusal

PARENTS: dict[str, tuple[str, ...]] = {"visit": (), "ward": ("id",), "region": ("country", "code")}


def check(select: str, unit_id: str = "visit.pid", parents: dict[str, tuple[str, ...]] | None = None) -> Statement:
    return check_mapping_sql(select, unit_id, {"visit": ()} if parents is None else parents)


def column(expression: str) -> str:
    return check(f"SELECT {expression} AS x FROM visit").columns["x"]  # noqa: S608


def refusal(select: str, unit_id: str = "visit.pid", parents: dict[str, tuple[str, ...]] | None = None) -> SqlRefusal:
    with pytest.raises(SqlRefusal) as caught:
        check(select, unit_id, parents)
    return caught.value


REFUSED_EXPRESSIONS = [
    "count(*)", "sum(a)", "max(a)", "any_value(a)", "list(a)", "string_agg(a, ',')", "first(a)", "mode(a)",
    "sum(a) OVER ()", "row_number() OVER ()", "lag(a) OVER (ORDER BY a)", "rank() OVER w",
    "(SELECT 1)", "EXISTS (SELECT 1)", "a IN (SELECT b FROM visit)", "a = ANY (SELECT 1)",
    "random()", "uuid()", "gen_random_uuid()", "setseed(0.1)", "nextval('s')", "currval('s')",
    "now()", "current_date", "current_timestamp",
    "current_time", "today()", "get_current_timestamp()", "localtimestamp",
    "localtime",
    "current_user()", "current_setting('threads')", "version()", "txid_current()", "current_query()", "pg_sleep(1)",
    "getenv('HOME')", "read_text('/etc/passwd')", "read_csv('x')", "glob('*')", "query('SELECT 1')", "getvariable('x')",
    "rowid", "visit.rowid", "filename", "file_row_number",
    "list_transform([1], x -> x)", "list_transform([1], lambda x: x)", "[1, 2]", "a[1]", "{'a': 1}", "map {'a': 1}",
    "struct_pack(a := 1)", "a.b.c", "columns(*)", "*", "visit.*", "#1", "$1", "?", "(a, b)", "unnest([1])",
    "error('x')", "hash(a)", "md5(a)", "sha256(a)", "regexp_replace(a, b, c)", "repeat(a, 1000000000)", "a ** 2",
    "lpad(a, 1000000000, '0')", "lpad(a, b, '0')", "replace(a, b, c)",
    "replace(a, 'x', b)", "a LIKE b", "a LIKE 'x' ESCAPE 'y'",
    "concat(a, b)", "CAST(a AS STRUCT(x INT))", "CAST(a AS INT[])", "CAST(a AS BLOB)", "CAST(a AS my_type)", "a::JSON",
    "a COLLATE nocase", "INTERVAL 1 DAY", "a AT TIME ZONE 'UTC'", "a BETWEEN SYMMETRIC 1 AND 2", "a IS b",
    "date_diff('year', a, b)", "date_diff(lower('minute'), a, b)", "date_diff(a, b, c)",
    "date_diff('microsecond', a, b)", "CAST(a AS DECIMAL(x))", "CAST(a AS TIMESTAMPTZ)",
    "trim(BOTH 'x' FROM a)", "my_macro(a)", "strptime(a, '%Y')",
    "to_timestamp(a)", "e'a'", "a ~ 'x'", "a SIMILAR TO 'x'",
    "DISTINCT a", "count(DISTINCT a)", "extract(epoch FROM a)", "try(a)", "isnan(a)", "typeof(a)", "alias(a)",
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED_EXPRESSIONS)
def test_what_is_not_on_the_list_is_refused_with_its_place(expression: str) -> None:
    found = refusal(f"SELECT a,\n  {expression} AS x FROM visit")  # noqa: S608
    assert found.reason is Reason.SQL_NOT_SUPPORTED
    assert found.field == "select"
    assert found.message.startswith(f"line {found.line}, column {found.column}: ")
    assert found.line == 2 or expression == "DISTINCT a"


REFUSED_UNITS = [
    "count(*)", "random()", "(SELECT 1)", "a || random()", "x AS y", "SELECT pid FROM visit", "pid FROM visit",
    "pid; DROP TABLE visit", "ward.id", "other.pid", "", "rowid",
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED_UNITS)
def test_the_unit_id_is_an_expression_over_the_records_own_row(expression: str) -> None:
    select = "SELECT visit.a, ward.b FROM visit LEFT JOIN ward ON ward.id = visit.ward"
    found = refusal(select, expression, {"visit": (), "ward": ("id",)})
    assert found.field == "unit_id"


REFUSED_STATEMENTS = [
    "SELECT DISTINCT a FROM visit",
    "SELECT DISTINCT ON (a) a FROM visit",
    "SELECT a FROM visit GROUP BY a",
    "SELECT a FROM visit GROUP BY ALL",
    "SELECT a FROM visit HAVING a",
    "SELECT a FROM visit ORDER BY a",
    "SELECT a FROM visit LIMIT 5",
    "SELECT a FROM visit LIMIT 5 OFFSET 5",
    "SELECT a FROM visit QUALIFY row_number() OVER () = 1",
    "SELECT a FROM visit WINDOW w AS (ORDER BY a)",
    "SELECT a FROM visit TABLESAMPLE 10%",
    "SELECT a FROM visit USING SAMPLE 10%",
    "SELECT a FROM visit UNION ALL SELECT a FROM visit",
    "SELECT a FROM visit EXCEPT SELECT a FROM visit",
    "WITH v AS (SELECT a FROM visit) SELECT a FROM v",
    "SELECT a FROM (SELECT a FROM visit) AS visit",
    "SELECT a FROM 'other.parquet'",
    "SELECT a FROM read_csv('other.csv')",
    "SELECT a FROM range(5) AS visit",
    "SELECT a FROM other",
    "SELECT a FROM main.visit",
    "SELECT a FROM visit AS v(a)",
    "SELECT a FROM visit, visit AS b",
    "SELECT a FROM visit AT (VERSION => 1)",
    "SELECT 1 AS a",
    "SELECT a FROM visit FOR UPDATE",
    "SELECT a FROM visit; SELECT a FROM visit",
    "SELECT a FROM visit WHERE a IN (SELECT 1)",
    "SELECT a FROM visit WHERE random() < 0.5",
    "SELECT a, a FROM visit",
    "SELECT a, b AS A FROM visit",
    "SELECT a + 1 FROM visit",
    "SELECT b.a FROM visit",
    "SELECT a /*+ hint */ FROM visit",
    "SELECT a /* never ends FROM visit",
    "SELECT 'a FROM visit",
    "SELECT a FROM visit WHERE",
    "(SELECT a FROM visit)",
    "FROM visit PIVOT (sum(a) FOR b IN (1))",
    "INSERT INTO visit SELECT a FROM visit",
    "COPY visit TO 'x'",
    "ATTACH 'x' AS y",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("select", REFUSED_STATEMENTS)
def test_a_mapping_is_one_select_over_one_row(select: str) -> None:
    assert refusal(select).field == "select"


REFUSED_JOINS = [
    "JOIN ward ON ward.id = visit.ward",
    "INNER JOIN ward ON ward.id = visit.ward",
    "RIGHT JOIN ward ON ward.id = visit.ward",
    "FULL JOIN ward ON ward.id = visit.ward",
    "CROSS JOIN ward",
    ", ward",
    "SEMI JOIN ward ON ward.id = visit.ward",
    "ANTI JOIN ward ON ward.id = visit.ward",
    "ASOF LEFT JOIN ward ON ward.id = visit.ward",
    "POSITIONAL JOIN ward",
    "NATURAL LEFT JOIN ward",
    "LEFT JOIN ward USING (id)",
    "LEFT JOIN ward",
    "LEFT JOIN ward ON true",
    "LEFT JOIN ward ON ward.id >= visit.ward",
    "LEFT JOIN ward ON ward.name = visit.ward",
    "LEFT JOIN ward ON ward.id = visit.ward OR true",
    "LEFT JOIN ward ON ward.id = visit.ward AND ward.id = visit.b",
    "LEFT JOIN ward ON ward.id = visit.ward AND visit.a = 1",
    "LEFT JOIN ward ON ward.id = ward.id",
    "LEFT JOIN ward ON ward.id = random()",
    "LEFT JOIN ward ON ward.id + 0 = visit.ward",
    "LEFT JOIN visit AS v ON v.id = visit.ward",
    "LEFT JOIN (SELECT 1 AS id) AS ward ON ward.id = visit.ward",
    "LEFT JOIN LATERAL (SELECT 1) AS ward ON ward.id = visit.ward",
    "LEFT JOIN ward AS visit ON ward.id = visit.ward",
]


@pytest.mark.parametrize("join", REFUSED_JOINS)
def test_only_a_left_join_to_a_parent_on_exactly_its_key_is_allowed(join: str) -> None:
    refusal(f"SELECT visit.a FROM visit {join}", parents={"visit": (), "ward": ("id",)})  # noqa: S608


def test_a_join_on_a_part_of_a_key_is_refused() -> None:
    select = "SELECT visit.a FROM visit LEFT JOIN region ON region.code = visit.region"
    found = refusal(select, parents={"visit": (), "region": ("country", "code")})
    assert "country, code" in found.message


def test_joins_may_follow_one_another_and_read_the_sources_before_them() -> None:
    statement = check(
        """SELECT visit.a, region.name FROM visit LEFT JOIN ward ON visit.ward = ward.id
        LEFT OUTER JOIN region ON (region.country = 'W' AND region.code = substr(ward.region, 1, 2))""",
        parents=PARENTS,
    )
    assert [join.source for join in statement.joins] == ["ward", "region"]
    assert statement.joins[1].keys == (("country", "'W'"), ("code", 'SUBSTRING("ward"."region", 1, 2)'))
    assert statement.reads == {
        "visit": {"a", "ward", "pid"},
        "ward": {"id", "region"},
        "region": {"country", "code", "name"},
    }


def test_a_join_may_not_read_a_source_that_comes_after_it() -> None:
    select = """SELECT visit.a FROM visit LEFT JOIN ward ON ward.id = region.code
        LEFT JOIN region ON region.country = visit.c AND region.code = visit.d"""
    assert "region" in refusal(select, parents=PARENTS).message


def test_a_source_that_is_declared_and_not_used_is_refused() -> None:
    assert "'ward'" in refusal("SELECT a FROM visit", parents={"visit": (), "ward": ("id",)}).message


def test_records_may_not_come_from_a_parent() -> None:
    assert "parent" in refusal("SELECT a FROM ward", "ward.id", {"ward": ("id",)}).message


def test_columns_must_say_their_source_where_there_are_two() -> None:
    select = "SELECT a FROM visit LEFT JOIN ward ON ward.id = visit.ward"
    found = refusal(select, parents={"visit": (), "ward": ("id",)})
    assert (found.line, found.column) == (1, 8)


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ("CAST(a AS INTEGER)", 'TRY_CAST("visit"."a" AS INT)'),
        ("a::DATE", 'TRY_CAST("visit"."a" AS DATE)'),
        ("CAST(CAST(a AS VARCHAR) AS DECIMAL(9, 2))", 'TRY_CAST(TRY_CAST("visit"."a" AS TEXT) AS DECIMAL(9, 2))'),
        (
            "(a // b) // CAST(c AS INT)",
            '("visit"."a" // NULLIF("visit"."b", 0)) // NULLIF(TRY_CAST("visit"."c" AS INT), 0)',
        ),
        (
            "CASE WHEN a THEN CAST(b % 2 AS INT) END",
            'CASE WHEN "visit"."a" THEN TRY_CAST("visit"."b" % NULLIF(2, 0) AS INT) END',
        ),
        ("a // b", '"visit"."a" // NULLIF("visit"."b", 0)'),
        ("a % (b - 1)", '"visit"."a" % NULLIF(("visit"."b" - 1), 0)'),
        ("CASE WHEN a IS NULL THEN 'it''s' END", """CASE WHEN "visit"."a" IS NULL THEN 'it''s' END"""),
        ("visit.A -- a comment", '"visit"."a"'),
        (r"'back\slash'", r"'back\slash'"),
        ("lpad(trim(lower(a)), 3, '0')", """LPAD(TRIM(LOWER("visit"."a")), 3, '0')"""),
        (
            "date_diff('minute', CAST(a AS TIMESTAMP), b)",
            "DATE_DIFF('MINUTE', TRY_CAST(\"visit\".\"a\" AS TIMESTAMP), \"visit\".\"b\")",
        ),
        ("year(DATE '2020-01-01')", "YEAR(TRY_CAST('2020-01-01' AS DATE))"),
    ],
)  # fmt: skip
def test_what_runs_is_written_anew_with_every_name_quoted_and_no_cast_that_fails(given: str, run: str) -> None:
    assert column(f"{given}\n") == run


def test_a_name_in_quotes_reaches_duckdb_as_a_name() -> None:
    assert column('"a"" FROM visit --"') == '"visit"."a"" from visit --"'


def test_where_may_leave_rows_out() -> None:
    assert check("SELECT a FROM visit AS v WHERE v.status <> 'void'", "pid").where == '"v"."status" <> \'void\''
