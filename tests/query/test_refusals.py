"""What is not understood is refused where it stands, with what to write instead. Never ignored.

The mark ¦ stands where the refusal must point; it is taken out before the text is read.
"""

import pytest
from concordat_query.errors import Reason, SqlRefusal
from concordat_query.sql.source import MAX_LENGTH
from concordat_query.text import read_sql
from fakes.catalogue import small_catalogue

CATALOGUE = small_catalogue()
TABLE = "\nFROM road.casualties"
UNSUPPORTED = Reason.SQL_NOT_SUPPORTED


def count(rest: str) -> str:
    return f"SELECT COUNT(*){TABLE}\n{rest}"


def where(condition: str) -> str:
    return count(f"WHERE year = 2016\n  AND {condition}")


def select(items: str, rest: str = "") -> str:
    return f"SELECT\n  {items}{TABLE} {rest}"


def options(text: str) -> str:
    return f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({text})\nCOUNT(*){TABLE}"


CASES: list[tuple[str, Reason, str]] = [
    # Statements
    ("¦", UNSUPPORTED, "empty"),
    ("¦  -- nothing\n", UNSUPPORTED, "empty"),
    ("¦UPDATE road.casualties SET age = 1", UNSUPPORTED, "begins with SELECT"),
    ("¦WITH a AS (SELECT 1) SELECT COUNT(*) FROM a", UNSUPPORTED, "begins with SELECT"),
    ("¦FROM road.casualties SELECT COUNT(*)", UNSUPPORTED, "begins with SELECT"),
    (f"¦(SELECT COUNT(*){TABLE})", UNSUPPORTED, "begins with SELECT"),
    (count("¦; SELECT 1"), UNSUPPORTED, "one query"),
    (count("¦UNION ALL SELECT 1"), UNSUPPORTED, "one query"),
    (count("¦EXCEPT DISTINCT SELECT 1"), UNSUPPORTED, "one query"),
    (count("¦|> WHERE age = 1"), UNSUPPORTED, "pipes"),
    ("SELECT COUNT(*¦)", UNSUPPORTED, "FROM"),
    ("¦SELECT" + TABLE, UNSUPPORTED, "nothing is counted"),
    ("SELECT COUNT(*) FROM (¦SELECT 1)", UNSUPPORTED, "second SELECT"),
    # Data sets
    ("SELECT COUNT(*)\nFROM ¦road.casualty", Reason.UNKNOWN_DATASET, "did you mean 'road.casualties'"),
    ("SELECT COUNT(*) FROM ¦a.b.c.d", Reason.UNKNOWN_DATASET, "there are 'road.casualties', 'health.visits'"),
    ("SELECT COUNT(*) FROM " + "a." * 16 + "a¦.a", UNSUPPORTED, "too many points"),
    (count("¦c"), UNSUPPORTED, "no alias"),
    (count("AS ¦c"), UNSUPPORTED, "no alias"),
    (count(", ¦health.visits"), UNSUPPORTED, "one data set"),
    (count("¦JOIN health.visits USING (sex)"), UNSUPPORTED, "one data set"),
    (count("¦LEFT JOIN health.visits ON sex = sex"), UNSUPPORTED, "one data set"),
    (count("¦TABLESAMPLE SYSTEM (10 PERCENT)"), UNSUPPORTED, "every row counts"),
    (count("¦FOR SYSTEM_TIME AS OF '2020-01-01'"), UNSUPPORTED, "edition"),
    ("SELECT COUNT(*) FROM ¦UNNEST([1])", UNSUPPORTED, "one data set"),
    ("SELECT COUNT(*) FROM ¦casualties(1)", UNSUPPORTED, "not answered"),
    # Clauses that follow the noise, or come in another form
    (count("¦QUALIFY COUNT(*) > 10"), UNSUPPORTED, "HAVING"),
    (count("¦WINDOW w AS (PARTITION BY sex)"), UNSUPPORTED, "GROUP BY"),
    (select("SUM(age) ¦OVER ()"), UNSUPPORTED, "GROUP BY"),
    (select("SUM(age) FILTER (WHERE ¦colour = 'red')"), Reason.UNKNOWN_COLUMN, "there are"),
    (select("SUM(age) FILTER (WHERE ¦SUM(age) > 1)"), UNSUPPORTED, "column, number"),
    (select("age FILTER ¦(WHERE age > 1)"), UNSUPPORTED, "cannot be understood"),
    (select("SUM(age) ¦FILTER (age > 1)"), UNSUPPORTED, "FILTER (WHERE condition)"),
    (select("SUM(age ¦HAVING MAX year)"), UNSUPPORTED, "HAVING"),
    (select("¦SUM(CASE WHEN age > 1 THEN 1 END)"), UNSUPPORTED, "name"),
    (select("DISTINCT ¦severity, COUNT(*)"), UNSUPPORTED, "leave DISTINCT out"),
    (select("¦COUNT(DISTINCT age)"), UNSUPPORTED, "distinct"),
    (select("¦AVG(DISTINCT age)"), UNSUPPORTED, "leave DISTINCT out"),
    (select("¦COUNT(DISTINCT unit, age)"), UNSUPPORTED, "distinct"),
    ("SELECT AS ¦STRUCT COUNT(*)" + TABLE, UNSUPPORTED, "one by one"),
    ("SELECT ¦/*+ broadcast */ COUNT(*)" + TABLE, UNSUPPORTED, "comment"),
    ("SELECT COUNT(*) ¦{# AND more #}" + TABLE, UNSUPPORTED, "comment"),
    (count("¦/* never ends"), UNSUPPORTED, "does not end"),
    # Selected items
    (select("¦*"), UNSUPPORTED, "COUNT(*)"),
    (select("COUNT(*), ¦*"), UNSUPPORTED, "star"),
    (select("¦age"), UNSUPPORTED, "GROUP BY"),
    (select("¦severity, COUNT(*)"), UNSUPPORTED, "GROUP BY"),
    (select("¦nation, COUNT(*)"), UNSUPPORTED, "GROUP BY"),
    (select("severity AS ¦year__margin, COUNT(*)", "GROUP BY severity"), UNSUPPORTED, "underscores"),
    (select("COUNT(*) AS ¦`n n`"), UNSUPPORTED, "letters"),
    (select("COUNT(*) ¦n"), UNSUPPORTED, "AS"),
    (select("year ¦severity, COUNT(*)", "GROUP BY year"), UNSUPPORTED, "comma"),
    (select("COUNT(*) AS n, ¦SUM(age) AS N"), UNSUPPORTED, "two results"),
    (select("COUNT(*), ¦COUNT(*)"), UNSUPPORTED, "two results"),
    (select("COUNT(*)¦,"), UNSUPPORTED, "comma"),
    (select("¦, COUNT(*)"), UNSUPPORTED, "comma"),
    (select("COUNT(*)¦, , SUM(age)"), UNSUPPORTED, "comma"),
    (select("¦'age', COUNT(*)"), UNSUPPORTED, "column, number"),
    (select("¦1_000, COUNT(*)"), UNSUPPORTED, "not a number"),
    (select("¦road.age, COUNT(*)"), UNSUPPORTED, "name alone"),
    # Aggregates
    (select("¦MIN(age)"), UNSUPPORTED, "PERCENTILE_CONT(age, 0.05)"),
    (select("¦max(age)"), UNSUPPORTED, "expose one person"),
    (select("¦ANY_VALUE(age)"), UNSUPPORTED, "expose one person"),
    (select("¦PERCENTILE_DISC(age, 0.5)"), UNSUPPORTED, "PERCENTILE_CONT(age, 0.5)"),
    (select("¦VARIANCE_SAMP(age)"), UNSUPPORTED, "did you mean"),
    (select("¦VARIANCEPOP(age)"), UNSUPPORTED, "did you mean"),
    (select("STDDEV(¦sex)"), Reason.WRONG_TYPE, "needs numbers"),
    (select("VAR_SAMP(¦age * 10000) AS v"), Reason.WRONG_TYPE, "too far apart"),
    (select("¦VAR_POP(2)"), UNSUPPORTED, "column or a calculation"),
    (select("VAR_POP(¦)"), UNSUPPORTED, "cannot be understood"),
    (select("¦STDDEV_SAMP(DISTINCT age)"), UNSUPPORTED, "leave DISTINCT out"),
    (select("SAFE.¦VARIANCE(age)"), UNSUPPORTED, "SAFE."),
    (select("VAR_SAMP(age), ¦VARIANCE(age)"), UNSUPPORTED, "two results"),
    (select("CORR(age¦)"), UNSUPPORTED, "cannot be understood"),
    (select("CORR(age, year, ¦mode)"), UNSUPPORTED, "not part of the language"),
    (select("CORR(age, ¦sex)"), Reason.WRONG_TYPE, "needs numbers"),
    (select("CORR(age, ¦2)"), UNSUPPORTED, "column or a calculation"),
    (select("COVAR_POP(¦age * 10000, year) AS c"), Reason.WRONG_TYPE, "too far apart"),
    (select("¦REGR_R2(age, year)"), UNSUPPORTED, "not answered"),
    (select("VAR_SAMP(age, year¦)"), UNSUPPORTED, "cannot be understood"),
    (select("VAR_SAMP(¦*)"), UNSUPPORTED, "is needed here"),
    (select("¦COUNT_IF(age > 1)"), UNSUPPORTED, "COUNTIF(condition)"),
    (select("SAFE.¦SUM(age)"), UNSUPPORTED, "SAFE."),
    (select("¦my_function(age)"), UNSUPPORTED, "not answered"),
    (select("¦IF(age > 1, 1, 0)"), UNSUPPORTED, "not answered"),
    (select("¦COUNT(1)"), UNSUPPORTED, "COUNT(*)"),
    (select("¦COUNT()"), UNSUPPORTED, "COUNT(*)"),
    (select("COUNT(age, ¦year)"), UNSUPPORTED, "one column"),
    (select("¦SUM(2)"), UNSUPPORTED, "column or a calculation"),
    (select("¦SUM(age + year)"), UNSUPPORTED, "name"),
    (select("¦SUM('x')"), UNSUPPORTED, "column or a calculation"),
    (select("SUM(¦age * sex) AS s"), Reason.WRONG_TYPE, "takes numbers"),
    (select("SUM(¦age * age * age * age * age) AS s"), Reason.WRONG_TYPE, "too large"),
    (select("SUM(¦DIV(age, year)) AS s"), Reason.WRONG_TYPE, "written out"),
    (select("SUM(¦DIV(age, 0)) AS s"), Reason.WRONG_TYPE, "other than 0"),
    (select("SUM(¦MOD(age, 1.5)) AS s"), Reason.WRONG_TYPE, "whole number"),
    (select("SUM(age ¦% 2) AS s"), UNSUPPORTED, "MOD(a, b)"),
    (select("SUM(¦WIDTH_BUCKET(age, 5, 5, 2)) AS s"), Reason.WRONG_TYPE, "lower < upper"),
    (select("SUM(¦WIDTH_BUCKET(age, 0, 5, 0)) AS s"), Reason.WRONG_TYPE, "n from 1"),
    (select("SUM(WIDTH_BUCKET(age, ¦year, 5, 1)) AS s"), UNSUPPORTED, "literal"),
    (select("SUM(¦YEAR(age)) AS s"), Reason.WRONG_TYPE, "takes a date"),
    (select("SUM(EXTRACT(¦WEEK FROM age)) AS s"), UNSUPPORTED, "QUARTER or MONTH"),
    (select("SUM(EXTRACT(¦YEAR)) AS s"), UNSUPPORTED, "QUARTER or MONTH"),
    (select("SUM(CASE WHEN ¦age > 1 THEN 1 ELSE 'x' END) AS s"), Reason.WRONG_TYPE, "all texts, all numbers"),
    (select("SUM(CASE WHEN ¦age THEN 1 END) AS s"), UNSUPPORTED, "condition is needed"),
    (select("SUM(CASE sex WHEN ¦'x' THEN 1 END) AS s"), Reason.UNKNOWN_CODE, "no such code"),
    (select("SUM(CASE WHEN ¦age > 1 THEN NULL END) AS s"), Reason.WRONG_TYPE, "is NULL"),
    (select("SUM(¦ABS(age)) AS s"), UNSUPPORTED, "not answered"),
    (select("SUM(¦age / 2) AS s"), UNSUPPORTED, "DIV(a, b)"),
    (
        select("SUM(¦WIDTH_BUCKET(WIDTH_BUCKET(age, 0, 9, 3), 0, 9, 3)) AS s"),
        Reason.WRONG_TYPE,
        "within a WIDTH_BUCKET",
    ),
    (
        select("SUM(¦WIDTH_BUCKET(CASE WHEN WIDTH_BUCKET(age, 0, 9, 3) = 1 THEN 1 END, 0, 9, 3)) AS s"),
        Reason.WRONG_TYPE,
        "within a WIDTH_BUCKET",
    ),
    (select(f"SUM(¦age{' + age' * 17}) AS s"), UNSUPPORTED, "nests deeper than 16"),
    (where(f"¦age{' + age' * 2000} = 1"), UNSUPPORTED, "nests deeper than 16"),
    (
        select(f"SUM({'CASE WHEN age = 1 THEN 1 ELSE ' * 11}¦CASE WHEN age = 1 THEN 1 END{' END' * 11}) AS s"),
        UNSUPPORTED,
        "CASEs nest deeper",
    ),
    (where(f"age IN (1{', 1' * 4991}¦, 1, 1)"), UNSUPPORTED, "more than 10000 words"),
    (select("¦COUTN(*)"), UNSUPPORTED, "did you mean COUNT?"),
    (select("SUM(¦severity)"), Reason.WRONG_TYPE, "needs numbers"),
    (select("AVG(¦sex)"), Reason.WRONG_TYPE, "GROUP BY"),
    (select("COUNT(¦colour)"), Reason.UNKNOWN_COLUMN, "there are"),
    (select("COUNT(¦nation)"), Reason.UNKNOWN_COLUMN, "attribute of nodes"),
    (select("COUNTIF(¦age)"), UNSUPPORTED, "condition"),
    (select("COUNTIF(¦nation = 'Wales')"), Reason.UNKNOWN_COLUMN, "attribute of nodes"),
    (select("¦AVG(age IGNORE NULLS)"), UNSUPPORTED, "not part of the language"),
    # Expressions over aggregates
    (select("¦SUM(age) / COUNT(*) / COUNT(age)"), UNSUPPORTED, "AS"),
    (select("SUM(age) / ¦age"), UNSUPPORTED, "COUNT, SUM or AVG"),
    (select("¦COUNT(*) - AVG(age)"), UNSUPPORTED, "AS"),
    (select("¦1 + 2 AS three, COUNT(*)"), UNSUPPORTED, "neither grouped by"),
    (select("COUNT(*) / (¦0.0) AS x"), UNSUPPORTED, "by zero"),
    (select("SAFE_DIVIDE(COUNT(*), ¦0) AS x"), UNSUPPORTED, "by zero"),
    (select("SAFE_DIVIDE(COUNT(*)¦) AS x"), UNSUPPORTED, "understood"),
    (select("COUNT(*) * ¦'2' AS x"), UNSUPPORTED, "expressions of aggregates"),
    (select("COUNT(*) + ¦severity AS x, severity", "GROUP BY severity"), UNSUPPORTED, "compare it by itself"),
    (select("COUNT(*) AS n, COUNT(*) + ¦n AS m"), Reason.UNKNOWN_COLUMN, "there are"),
    (select("COUNT(*) + ¦+ 1 AS x"), UNSUPPORTED, "no sign"),
    (select("¦COUNT(*)" + " + 1" * 40 + " AS x"), UNSUPPORTED, "deeper than 32"),
    (select("¦IEEE_DIVIDE(COUNT(*), 2) AS x"), UNSUPPORTED, "a / b"),
    # GROUP BY
    (select("COUNT(*)", "GROUP BY ¦severity"), UNSUPPORTED, "could not be told apart"),
    (select("COUNT(*)", "GROUP BY ¦nation"), UNSUPPORTED, "could not be told apart"),
    (select("age, COUNT(*)", "GROUP BY ¦age"), Reason.KEY_WITHOUT_DOMAIN, "DIV(age, 10) * 10"),
    ("SELECT cost * weight AS p, COUNT(*) FROM health.visits GROUP BY ¦p", Reason.KEY_WITHOUT_DOMAIN, "WIDTH_BUCKET"),
    (select("CASE WHEN age > 1 THEN 1 END AS year, COUNT(*)", "GROUP BY ¦year"), UNSUPPORTED, "also the name"),
    (select("COUNT(*) AS n", "GROUP BY ¦n"), UNSUPPORTED, "is an aggregate"),
    (select("¦DIV(age, 10), COUNT(*)", "GROUP BY DIV(age, 10)"), UNSUPPORTED, "name: ... AS name"),
    (select("¦DIV(age, 10) AS d, COUNT(*)", "GROUP BY DIV(age, 5)"), UNSUPPORTED, "neither grouped by"),
    (select("DIV(age, 10) AS d, COUNT(*)", "GROUP BY d, ¦DIV(age, 10)"), UNSUPPORTED, "twice"),
    (
        select("CASE WHEN age > 1 THEN ¦'" + "x" * 201 + "' END AS d, COUNT(*)", "GROUP BY d"),
        Reason.WRONG_TYPE,
        "short",
    ),
    (select("severity, COUNT(*)", "GROUP BY ¦1"), UNSUPPORTED, "name"),
    (select("severity, COUNT(*)", "GROUP BY ¦ALL"), UNSUPPORTED, "columns"),
    (select("severity, COUNT(*)", "GROUP BY ¦ROLLUP()"), UNSUPPORTED, "ROLLUP(a, b)"),
    (select("severity, COUNT(*)", "GROUP BY ROLLUP(severity, ¦1)"), UNSUPPORTED, "not positions"),
    (select("severity, COUNT(*)", "GROUP BY ROLLUP(severity), ROLLUP(¦year)"), UNSUPPORTED, "one ROLLUP"),
    (select("severity, COUNT(*)", "GROUP BY ROLLUP(severity, ¦year)"), UNSUPPORTED, "could not be told apart"),
    (select("severity, COUNT(*)", "GROUP BY severity, ROLLUP(¦severity)"), UNSUPPORTED, "twice"),
    (select("severity, COUNT(*)", "GROUP BY ROLLUP((¦severity, year))"), UNSUPPORTED, "list"),
    (select("severity, COUNT(*)", "GROUP BY severity ¦WITH ROLLUP"), UNSUPPORTED, "only in SELECT"),
    (select("severity, COUNT(*)", "GROUP BY ¦CUBE(severity)"), UNSUPPORTED, "one ROLLUP"),
    (select("severity, COUNT(*)", "GROUP BY ¦GROUPING SETS ((severity))"), UNSUPPORTED, "plain columns"),
    (select("severity, COUNT(*)", "GROUP BY severity, ¦severity"), UNSUPPORTED, "twice"),
    (select("severity AS s, COUNT(*)", "GROUP BY ¦t"), Reason.UNKNOWN_COLUMN, "there are"),
    (select("severity, COUNT(*)", "GROUP BY ¦severty"), Reason.UNKNOWN_COLUMN, "did you mean 'severity'?"),
    (select("COUNT(*)", "¦GROUP BY"), UNSUPPORTED, "names no column"),
    # Conditions
    (where("¦colour = 'red'"), Reason.UNKNOWN_COLUMN, "there are 'year'"),
    (where("¦holder = 'x'"), Reason.UNKNOWN_COLUMN, "attribute of nodes"),
    (where("mode = ¦'pedestrian'"), Reason.UNKNOWN_CODE, "did you mean 'Pedestrian'?"),
    (where("mode IN ('Car', ¦'Bike')"), Reason.UNKNOWN_CODE, "its codes are"),
    (where("mode = ¦3"), Reason.WRONG_TYPE, "holds codes"),
    (where("mode < ¦'Car'"), Reason.WRONG_TYPE, "no order"),
    (where("mode BETWEEN ¦'Car' AND 'Pedestrian'"), Reason.WRONG_TYPE, "no order"),
    (where("age = ¦'old'"), Reason.WRONG_TYPE, "without quotes"),
    (where("age > ¦17.5"), Reason.WRONG_TYPE, "whole numbers"),
    (where("age > -¦1." + "0" * 29 + "1"), Reason.WRONG_TYPE, "whole numbers"),
    (where("age < ¦99999999999"), Reason.WRONG_TYPE, "smaller number"),
    (where("age = ¦1e2"), UNSUPPORTED, "without an exponent"),
    (where("age = ¦0x1F"), UNSUPPORTED, "no place"),
    (where("age = ¦.5"), UNSUPPORTED, "0.5"),
    (where("age = ¦+5"), UNSUPPORTED, "needs no sign"),
    (where("age = ¦NULL"), Reason.WRONG_TYPE, "IS NULL"),
    (where("age IN (1, ¦NULL)"), Reason.WRONG_TYPE, "IS NULL"),
    (where("¦age IN ()"), UNSUPPORTED, "at least one"),
    (where("age IN (¦SELECT 1)"), UNSUPPORTED, "subqueries"),
    (where("sex IN ¦'Male'"), UNSUPPORTED, "parentheses"),
    (where("sex IN (¦'Male' 'Female')"), UNSUPPORTED, "comma"),
    (where("sex ¦LIKE 'M%'"), UNSUPPORTED, "IN"),
    (where("sex IS ¦TRUE"), UNSUPPORTED, "comparisons"),
    (where("¦TRUE"), UNSUPPORTED, "comparisons"),
    (where("¦age"), UNSUPPORTED, "condition is needed"),
    (where("¦sex = mode"), Reason.WRONG_TYPE, "codes of two columns"),
    (where("age = DATE ¦'2016-02-30'"), Reason.WRONG_TYPE, "day of the calendar"),
    (where("age = DATE ¦'2016-02-03'"), Reason.WRONG_TYPE, "without quotes"),
    (where("age = ¦CAST('2016-02-03' AS DATE)"), UNSUPPORTED, "not answered"),
    (where("CASE WHEN age = 1 THEN 'x' END = ¦'y'"), Reason.UNKNOWN_CODE, "no such code"),
    (where("¦1 = 1"), UNSUPPORTED, "one side"),
    (where("nation = ¦'Ireland'"), Reason.UNKNOWN_CODE, "did you mean 'Northern Ireland'?"),
    (where("¦!age = 1"), UNSUPPORTED, "NOT"),
    (where("age ¦== 1"), UNSUPPORTED, "once"),
    (where("age = ¦@age"), UNSUPPORTED, "parameters"),
    (where("age = ¦?"), UNSUPPORTED, "parameters"),
    (where("age¦[0] = 1"), UNSUPPORTED, "no place"),
    (where("(¦age, year) = (1, 2)"), UNSUPPORTED, "list"),
    (where("age = ¦'never ends"), UNSUPPORTED, "does not end"),
    (where("sex = 'Ma'¦'le'"), UNSUPPORTED, "quote inside"),
    (where("sex ¦NOT NULL"), UNSUPPORTED, "IS NOT NULL"),
    (where("sex = ¦r'Male'"), UNSUPPORTED, "no place"),
    (where("NOT NOT ¦NOT age = 1"), UNSUPPORTED, "in a row"),
    (where("(" * 12 + "¦(" + "age = 1" + ")" * 13), UNSUPPORTED, "nest deeper"),
    (where("age = 1 ¦AND"), UNSUPPORTED, "missing"),
    (where("age = 1 ¦year = 2"), UNSUPPORTED, "cannot be understood"),
    (select("¦DIV(COUNT(*), 2) AS x"), UNSUPPORTED, "cannot stand here"),
    # HAVING
    (count("HAVING ¦COUNT(*) > COUNT(age)"), UNSUPPORTED, "difference"),
    (count("HAVING ¦1 = 1"), UNSUPPORTED, "one side"),
    (count("HAVING ¦COUNT(*)"), UNSUPPORTED, "condition is needed"),
    (count("HAVING COUNT(*) > ¦'many'"), Reason.WRONG_TYPE, "figures are numbers"),
    (count("HAVING COUNT(*) = ¦NULL"), Reason.WRONG_TYPE, "IS NULL"),
    (count("HAVING ¦age > 3"), UNSUPPORTED, "COUNT, SUM or AVG"),
    (count("HAVING ¦cnt > 3"), Reason.UNKNOWN_COLUMN, "did you mean 'count'"),
    (count("HAVING ¦COUNT(*) IN ()"), UNSUPPORTED, "at least one"),
    (count("HAVING count > 1 ¦HAVING count > 2"), UNSUPPORTED, "cannot be understood"),
    (select("severity, COUNT(*)", "GROUP BY severity HAVING severity = ¦'fatal'"), Reason.UNKNOWN_CODE, "'Fatal'"),
    (select("severity, COUNT(*)", "GROUP BY severity HAVING severity < ¦'Fatal'"), Reason.WRONG_TYPE, "no order"),
    (select("nation, COUNT(*)", "GROUP BY nation HAVING nation = ¦'wales'"), Reason.UNKNOWN_CODE, "'Wales'"),
    (count("HAVING ¦nation = 'Wales'"), Reason.UNKNOWN_COLUMN, "no such result"),
    # ORDER BY and LIMIT
    (count("¦ORDER BY"), UNSUPPORTED, "names nothing"),
    (count("ORDER BY ¦2"), UNSUPPORTED, "from 1 to 1"),
    (count("ORDER BY ¦0"), UNSUPPORTED, "from 1 to 1"),
    (count("ORDER BY ¦'count'"), UNSUPPORTED, "name"),
    (count("ORDER BY ¦age"), UNSUPPORTED, "COUNT, SUM or AVG"),
    (count("ORDER BY ¦cout"), Reason.UNKNOWN_COLUMN, "did you mean 'count'"),
    (count("ORDER BY count ¦NULLS"), UNSUPPORTED, "out of place"),
    (count("ORDER BY count ¦ASC DESC"), UNSUPPORTED, "out of place"),
    (count("ORDER BY count ¦WHERE age = 1"), UNSUPPORTED, "stands before"),
    (count("LIMIT 3 ¦ORDER BY count"), UNSUPPORTED, "once"),
    (count("ORDER BY count ¦ORDER BY count"), UNSUPPORTED, "once"),
    (count("LIMIT 3 ¦LIMIT 3"), UNSUPPORTED, "once"),
    (count("¦LIMIT"), UNSUPPORTED, "LIMIT and a whole number"),
    (count("LIMIT 3¦, 4"), UNSUPPORTED, "OFFSET"),
    (count("LIMIT ¦2.5"), UNSUPPORTED, "whole number"),
    (count("LIMIT ¦99999999999"), UNSUPPORTED, "whole number"),
    (count("LIMIT 3 OFFSET ¦'x'"), UNSUPPORTED, "whole number"),
    (count("OFFSET ¦3"), UNSUPPORTED, "out of place"),
    (select("SUM(age ¦ORDER BY age)"), UNSUPPORTED, "parentheses"),
    (count("¦FETCH FIRST 3 ROWS ONLY"), UNSUPPORTED, "ORDER BY, then LIMIT"),
    # Nations
    (where("(¦nation = 'Wales' OR age = 1)"), UNSUPPORTED, "by AND only"),
    (where("nation = ¦'wales'"), Reason.UNKNOWN_CODE, "did you mean 'Wales'?"),
    (where("nation < ¦'Wales'"), Reason.WRONG_TYPE, "no order"),
    (count("WHERE ¦nation = 'Wales' AND nation = 'England'"), UNSUPPORTED, "no nation"),
    (where("¦nation = severity"), UNSUPPORTED, "by AND only"),
    # The clause
    ("SELECT ¦WITH ANONYMIZATION OPTIONS () COUNT(*)" + TABLE, UNSUPPORTED, "DIFFERENTIAL_PRIVACY"),
    ("SELECT WITH DIFFERENTIAL_PRIVACY ¦OPTIONS epsilon COUNT(*)" + TABLE, UNSUPPORTED, "parentheses"),
    ("SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ¦(epsilon = 1, COUNT[", UNSUPPORTED, "never closed"),
    (options("epsilon = ¦0"), UNSUPPORTED, "positive"),
    (options("epsilon = ¦-1"), UNSUPPORTED, "positive"),
    (options("epsilon = ¦1e999"), UNSUPPORTED, "positive"),
    (options("epsilon = ¦1e-999"), UNSUPPORTED, "positive"),
    (options("epsilon = ¦'1'"), UNSUPPORTED, "positive"),
    (options("epsilon = 1, ¦epsilon = 2"), UNSUPPORTED, "twice"),
    (options("epsilon = 1¦,"), UNSUPPORTED, "comma"),
    (options("epsilon = 1 ¦max_groups_contributed = 2"), UNSUPPORTED, "comma"),
    (options("¦epsilon"), UNSUPPORTED, "epsilon ="),
    (options("¦0.5"), UNSUPPORTED, "name of an option"),
    (options("¦delta = 1e-6"), UNSUPPORTED, "agreement"),
    (options("¦privacy_unit_column = id"), UNSUPPORTED, "catalogue"),
    (options("margin_of_error = ¦0"), UNSUPPORTED, "positive"),
    (options("epsilon = 1, ¦margin_of_error = 40"), UNSUPPORTED, "keep one"),
    (options("margin_of_error = 40, ¦epsilon = 1"), UNSUPPORTED, "keep one"),
    (options("¦budget = 1"), UNSUPPORTED, "known are"),
    (options("max_groups_contributed = ¦1.5"), UNSUPPORTED, "whole number"),
    (options("max_groups_contributed = ¦0"), UNSUPPORTED, "whole number"),
    (options("max_rows_contributed = ¦10001"), UNSUPPORTED, "10000"),
    ("SELECT COUNT(*) ¦WITH DIFFERENTIAL_PRIVACY OPTIONS ()" + TABLE, UNSUPPORTED, "only in SELECT"),
]


@pytest.mark.parametrize(("marked", "reason", "advice"), CASES, ids=[case[0][-60:] for case in CASES])
def test_it_is_refused_where_it_stands_with_advice(marked: str, reason: Reason, advice: str) -> None:
    before = marked[: marked.index("¦")]
    sql = marked.replace("¦", "")
    with pytest.raises(SqlRefusal) as refused:
        read_sql(sql, CATALOGUE)
    refusal = refused.value
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert (refusal.line, refusal.column, refusal.reason) == (line, column, reason), refusal.message
    assert (refusal.offset, refusal.field) == (len(before), f"sql:{line}:{column}")
    assert advice in refusal.message
    assert refusal.message.startswith(f"line {line}, column {column}: ")


def test_a_text_that_is_too_long_is_not_read_at_all() -> None:
    with pytest.raises(SqlRefusal, match="longer than 64 kB"):
        read_sql("'" * (MAX_LENGTH + 1), CATALOGUE)


@pytest.mark.parametrize(
    "sql",
    [
        count("WHERE " + " AND ".join(["age = 1"] * 6000) + " AND"),
        select("COUNT(*) FROM " + "a." * 30000 + "a"),
        "SELECT" + " \n" * 30000 + "{",
        select("SUM(age), " * 6000 + "1"),
        count("WHERE age " + "IS NOT " * 8000),
        "SELECT " + "CASE WHEN " * 6000,
        "SELECT " + "(" * 60000,
        count("WHERE age = " + "-" * 60000 + "1"),
    ],
    ids=range(8),
)
def test_a_hostile_text_is_refused_within_seconds(sql: str) -> None:
    with pytest.raises(SqlRefusal) as refused:
        read_sql(sql, CATALOGUE)
    assert len(refused.value.message) < 300


def test_a_message_repeats_at_most_the_token_at_fault() -> None:
    literal = "the-neighbouring-literal"
    for sql in [
        where(f"sex = '{literal}' 'x'"),
        where(f"'{literal}' = sex sex"),
        where(f"sex = '{literal}' AND age = 'x"),
    ]:
        with pytest.raises(SqlRefusal) as refused:
            read_sql(sql, CATALOGUE)
        assert literal not in refused.value.message
