"""Our own figures, by the product's own path: SQL is read, priced, signed and admitted; the engine scans an edition.

The exact components are taken once, with noise set aside; then `concordat_privacy.noise` draws what the plan says and
the table is made of the answer, again and again.
"""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

import numpy as np
import numpy.typing as npt
from accuracy.asked import ALONE, BOUNDS, KEYS, Line, Setting
from concordat.v1 import node_pb2, query_pb2
from concordat_client.asking import SignedQuestion
from concordat_privacy import noise
from concordat_privacy.accounting import epsilon_of, rho_nano_of
from concordat_privacy.estimates import tabulate
from concordat_privacy.merge import NodeAnswer
from concordat_query.catalogue import Catalogue
from concordat_query.errors import Refusal
from concordat_query.model import Calculus
from concordat_wire.answers import read_answer
from fakes.catalogue import code, number
from fakes.offline import OfflineFederation, Source, fixed_secret, found, node_name
from fakes.spec_engines import DuckDB

NATION, DATASET = "Great Britain", "bench.casualties"
SQL = {
    "count": "COUNT(age)",
    "sum": "SUM(age)",
    "mean": "AVG(age)",
    "variance": "VAR_POP(age)",
    "median": "MEDIAN(age)",
}
Figures = npt.NDArray[np.float64]


class NotYet(Exception):
    """The product cannot do it yet. Says what."""


def federation(folder: Path, records: Path, setting: Setting) -> OfflineFederation:
    """One node that has imported all records through a mapping, its account in the setting's currency.

    Makes the folder.
    """
    folder.mkdir()
    mapping: dict[str, object] = {
        "unit_id": "unit",
        "select": f"SELECT {', '.join(KEYS)}, age FROM source",  # noqa: S608  # our own names
        "sources": {"source": {"path": "everybody.csv"}},
    }
    source = Source(mapping, {"everybody.csv": records.read_text()}, fixed_secret(NATION))
    calculus = Calculus.PURE if setting is ALONE else Calculus.GAUSSIAN
    return found(folder, DuckDB(), _catalogue(), DATASET, {NATION: source}, calculus)


def figures(asked: OfflineFederation, line: Line, setting: Setting) -> Mapping[str, Figures]:
    """For each statistic the estimates, [repetition, cell]; of the setting's federation. Raises NotYet."""
    try:
        question = asked.question(_sql(line, setting))
    except Refusal as refusal:
        raise NotYet(refusal.message) from None
    exact = _exact(asked, question)
    wanted = [
        (question.plan.components[index].law, vector.size * line.repetitions(setting))
        for index, vector in exact.components.items()
    ]
    drawn = {
        index: vector + noises.reshape(-1, vector.size)
        for (index, vector), noises in zip(exact.components.items(), noise.draw_all(wanted), strict=True)
    }
    tables = [
        _estimates(
            asked, question, line, replace(exact, components={index: each[turn] for index, each in drawn.items()})
        )
        for turn in range(line.repetitions(setting))
    ]
    stacked = np.array(tables, dtype=np.float64)
    return {statistic: stacked[:, :, place] for place, statistic in enumerate(line.statistics)}


def _sql(line: Line, setting: Setting) -> str:
    sql = SQL | {"count": "COUNT(*)"} if line.counts_all else SQL
    keys, values = ", ".join(line.keys), ", ".join(sql[statistic] for statistic in line.statistics)
    options = f"WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = {epsilon(line, setting)!r})"
    return f"SELECT {options} {keys}, {values} FROM {DATASET} GROUP BY {keys}"  # noqa: S608  # our own words


def epsilon(line: Line, setting: Setting) -> float:
    """What the query says: in the programme, of the whole's rho a part for each of its statistics."""
    if setting is ALONE:
        return setting.epsilon
    whole = rho_nano_of(setting.epsilon, setting.delta)
    return epsilon_of(whole * len(line.statistics) // setting.total, setting.delta)


def _exact(asked: OfflineFederation, question: SignedQuestion) -> NodeAnswer:
    signed = query_pb2.SignedQuery.FromString(question.signed.SerializeToString())
    given = asked.nodes[node_name(NATION)].give(signed)
    if not isinstance(given, node_pb2.SignedAnswer):
        raise TypeError("the node holds all that is asked and says otherwise")
    return read_answer(given, question.envelope, question.plan, asked.catalogue, asked.agreement)


def _estimates(asked: OfflineFederation, question: SignedQuestion, line: Line, answer: NodeAnswer) -> list[list[float]]:
    """[cell, statistic], cells in the order of the line's keys' values: a plan has its keys in an order of its own."""
    table = tabulate(asked.catalogue, question.plan, question.presentation, [answer], [], token_bytes(16))
    order = [question.plan.query.keys.index(key) for key in line.keys]
    cells = itertools.product(*(question.plan.domains[position] for position in order))
    places = {cell: index for index, cell in enumerate(cells)}
    found = [[np.nan] * len(question.plan.query.aggregates)] * len(places)
    for row in table.rows:
        found[places[tuple(row.keys[position] for position in order)]] = [
            np.nan if value is None or value.estimate is None else float(value.estimate) for value in row.values
        ]
    return found


def _catalogue() -> Catalogue:
    return Catalogue.model_validate(
        {
            "version": 1,
            "title": "What is compared with other engines",
            "nations": [{"name": NATION, "gss": "K03000001"}],
            "populations": {"people": {"description": "people"}},
            "datasets": {
                DATASET: {
                    "title": "Casualties",
                    "description": "One row a unit.",
                    "population": "people",
                    "unit": "casualty",
                    "unit_description": "one injury in one collision",
                    "max_rows_per_unit": 1,
                    "columns": [
                        *(code(name, *values, nullable=False) for name, values in KEYS.items()),
                        number("age", *BOUNDS),
                    ],
                }
            },
        }
    )
