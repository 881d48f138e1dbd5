"""What the demo asks, in SQL for the federation, and in plain DuckDB for the truth to hold beside it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """`exact` computes one row of the result, one column per value, over the table `casualty` of truth.py.

    Its parameter $nations lists the row's nations; a parameter of each group key's name holds that key's value.
    """

    title: str
    sql: str
    exact: str


QUESTIONS = (
    Question(
        title="Pedestrians and pedal cyclists injured in 2016, by nation and severity",
        sql="""\
SELECT nation, severity, COUNT(*) AS casualties
FROM road.casualties
WHERE year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')
GROUP BY nation, severity""",
        exact="""
SELECT count(*) FROM casualty
WHERE list_contains($nations, nation) AND severity = $severity
    AND year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')""",
    ),
    Question(
        title="Share of them killed or seriously injured, by nation",
        sql="""\
SELECT nation, COUNTIF(severity IN ('Fatal', 'Serious')) / COUNT(*) AS share
FROM road.casualties
WHERE year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')
GROUP BY nation""",
        exact="""
SELECT avg(CAST(severity <> 'Slight' AS INTEGER)) FROM casualty
WHERE list_contains($nations, nation) AND year = 2016 AND mode IN ('Pedestrian', 'Pedal cycle')""",
    ),
    Question(
        title="Mean age of pedestrians and pedal cyclists of all years, by nation",
        sql="""\
SELECT nation, AVG(age) AS mean_age
FROM road.casualties
WHERE mode IN ('Pedestrian', 'Pedal cycle')
GROUP BY nation""",
        exact="""
SELECT avg(age) FROM casualty
WHERE list_contains($nations, nation) AND mode IN ('Pedestrian', 'Pedal cycle')""",
    ),
)
