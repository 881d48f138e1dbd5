"""What reading and checking SQL text costs: a typical query, and texts made to cost as much as they can."""

from functools import partial

from bars import Measure, median, milliseconds, seconds
from concordat_query.agreement import Permission
from concordat_query.canonical import canonical_query
from concordat_query.catalogue import Catalogue
from concordat_query.check import check_query
from concordat_query.check_presentation import check_presentation
from concordat_query.errors import Refusal
from concordat_query.model import Query, Statistic
from concordat_query.text import read_sql

TYPICAL = """SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 0.5, max_groups_contributed = 2)
       nation, severity, COUNT(*) AS casualties, AVG(age) AS mean_age,
       COUNTIF(severity = 'Fatal') / COUNT(*) AS share_of_the_dead
FROM road.casualties
WHERE year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle') AND (age BETWEEN 18 AND 30 OR sex IS NOT NULL)
GROUP BY nation, severity
HAVING casualties > 20
ORDER BY casualties DESC
LIMIT 10"""
TYPICAL_BAR = 3.0
BEYOND_BAR = 50.0
_SIZE, _LEVELS = 90_000, 500
_DATASET = "road.casualties"


def measure(catalogue: Catalogue, rounds: int = 50) -> list[Measure]:
    """Medians, each over so many rounds."""
    typical = [seconds(lambda: read_and_check(TYPICAL, catalogue)) for _ in range(rounds)]
    measures = [milliseconds("parsing and checking a typical query", median(typical), TYPICAL_BAR)]
    for texts, bar in ((beyond_limits(), BEYOND_BAR), (within_limits(), None)):
        for name, sql in texts.items():
            taken = [seconds(partial(refused, sql, catalogue)) for _ in range(rounds)]
            measures.append(milliseconds(f"refusing {name}", median(taken), bar))
    return measures


def read_and_check(sql: str, catalogue: Catalogue) -> None:
    """From SQL text to the checked query, as a client does before it prices and signs. Raises Refusal."""
    question = read_sql(sql, catalogue)
    dataset = catalogue.dataset(question.dataset)
    query = canonical_query(Query(question.dataset, question.keys, question.where, question.aggregates, 1, 1, 1))
    names = tuple(column.name for column in dataset.columns)
    everything = Permission(
        columns=names, keys=names, statistics=tuple(Statistic), max_groups=1, max_rows=1, max_epsilon=1.0
    )
    check_query(query, dataset, everything)
    check_presentation(question.presentation, query)


def beyond_limits() -> dict[str, str]:
    """Texts larger and deeper than any that is read, by what they are."""
    return {
        "90 kB of conditions": _where(" OR ".join(["age = 1"] * (_SIZE // 11))),
        "500 levels of parentheses": _where("(" * _LEVELS + "age = 1" + ")" * _LEVELS),
        "500 levels of NOT": _where("NOT " * _LEVELS + "age = 1"),
        "500 levels of CASE": _where("CASE WHEN age = 1 THEN " * _LEVELS + "1" + " ELSE 0 END" * _LEVELS + " = 1"),
        "500 levels of functions": _where("DIV(" * _LEVELS + "age" + ", 2)" * _LEVELS + " = 1"),
    }


def within_limits() -> dict[str, str]:
    """Texts as long as may be read, to be refused for what they hold. What they cost only explains the limits."""
    most = 64 * 1024 - 200
    return {
        "a sum of 64 kB": _where("age + " * (most // 6) + "age = 1"),
        "a chain of 64 kB": _where(" AND ".join(["age = 1"] * (most // 12))),
        "a list of 64 kB": _where(f"age IN ({', '.join(['1'] * (most // 3))})"),
        "results of 64 kB": f"SELECT {', '.join(['COUNT(*)'] * (most // 10))} FROM {_DATASET}",  # noqa: S608
        "a name of 64 kB": _where("a" * most + " = 1"),
        "a text of 64 kB without an end": _where("sex = '" + "a" * most),
    }


def _where(condition: str) -> str:
    return f"SELECT COUNT(*) FROM {_DATASET} WHERE {condition}"  # noqa: S608  # nothing but our own text


def refused(sql: str, catalogue: Catalogue) -> None:
    """Raises AssertionError where the text is read after all: then it measures something else."""
    try:
        read_and_check(sql, catalogue)
    except Refusal:
        return
    raise AssertionError("a text that was to be refused was read")
