"""Builds an edition from a node's own sources and puts it in force.

Every step looks at one unit's rows only, so that two sources that differ in one unit's rows give editions that differ
in that unit's rows, ordinals apart: the SQL of each is in `pipeline`. File order and threads change nothing.
"""

import shutil
from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path

import duckdb

from concordat_node.importing import edition, marking, pipeline, publishing, sources
from concordat_node.importing.conversion import column_plans
from concordat_node.importing.mapping import Mapping
from concordat_node.importing.report import ColumnReport, Report, write_toml
from concordat_node.importing.steps import Progress, Statements, Step, not_known, without_values
from concordat_node.importing.tokens import PopulationKey, population_key
from concordat_node.importing.tryout import try_out

_SPILL = "spill"


@dataclass(frozen=True)
class Resources:
    """What an import may use. `spill_limit` bounds what it writes aside beyond its memory."""

    memory_limit: str = "2GB"
    threads: int = 2
    spill_limit: str = "50GB"


DEFAULTS = Resources()


def import_dataset(
    mapping: Mapping,
    data: Path,
    state: Path,
    resources: Resources = DEFAULTS,
    progress: Progress = lambda step, how_far: None,
) -> Report:
    """Imports the mapping's sources from folder `data` into a new edition under `state` and puts it in force.

    Raises Refusal with what to do; the former edition is then still in force. `progress` hears of each step before it
    begins, and may ask how far it is.
    """
    with publishing.exclusive(state, mapping.dataset):
        progress(Step.CLEAR, not_known)
        with without_values(Step.CLEAR):
            publishing.clear_leftovers(state, mapping.dataset)
            key = population_key(state, mapping.definition.population)
            draft = publishing.new_draft(state, mapping.dataset)
        try:
            report = _build(mapping, data, draft, key, resources, progress)
            _publish(mapping, state, draft, progress)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        progress(Step.DONE, not_known)
    return report


def _build(
    mapping: Mapping, data: Path, draft: Path, key: PopulationKey, resources: Resources, progress: Progress
) -> Report:
    spill = draft / _SPILL
    with sources.connect(resources.memory_limit, resources.threads, spill, resources.spill_limit) as connection:
        progress(Step.OPEN, not_known)
        with without_values(Step.OPEN):
            opened = sources.open_sources(connection, mapping, data)
            connection.execute(f"ATTACH {sources.literal(str(draft / edition.DATABASE))} AS edition")
            sources.lock(connection, mapping, data)
        progress(Step.TRY_OUT, not_known)
        try_out(connection, mapping)
        _run(connection, mapping, key, progress)
        progress(Step.REPORT, not_known)
        with without_values(Step.REPORT):
            report = _report(connection, mapping, draft, opened.malformed_lines)
            connection.execute("DETACH edition")
    with without_values(Step.REPORT):
        shutil.rmtree(spill, ignore_errors=True)
        write_toml(report, draft / edition.REPORT)
    return report


def _run(connection: duckdb.DuckDBPyConnection, mapping: Mapping, key: PopulationKey, progress: Progress) -> None:
    plans = column_plans(mapping)
    outer, inner = key.token_pads
    for step, statements, parameters in (
        (Step.CONVERT, pipeline.convert(mapping, plans), [outer, inner]),
        (Step.ORDER, pipeline.order(mapping.definition, plans), [key.row_secret]),
        (Step.LIMIT, pipeline.limit(mapping, plans), []),
        (Step.WRITE, pipeline.write(mapping.definition), []),
    ):
        running = Statements(connection, len(statements))
        progress(step, running.how_far)
        with without_values(step):
            for statement in statements:
                connection.execute(statement, parameters if "$1" in statement else [])
                running.done += 1
    if mapping.definition.cubes:
        with without_values(Step.WRITE):
            marking.write_marked(connection, mapping.definition, mapping.coverage)


def _publish(mapping: Mapping, state: Path, draft: Path, progress: Progress) -> None:
    progress(Step.SEAL, not_known)
    with without_values(Step.SEAL):
        definition = mapping.definition.definition_sha256
        manifest = publishing.seal(draft, state, mapping.dataset, definition, mapping.mapping_sha256)
    progress(Step.PLACE, not_known)
    with without_values(Step.PLACE):
        publishing.publish(draft, manifest, before_switch=lambda: progress(Step.SWITCH, not_known))


def _report(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, draft: Path, malformed_lines: Table[str, int]
) -> Report:
    plans = column_plans(mapping)
    counts = pipeline.counts(connection, mapping, plans)
    return Report(
        dataset=mapping.dataset,
        edition=publishing.edition_id(draft),
        rows_read=counts["rows_read"],
        rows_kept=counts["rows_kept"],
        units_kept=counts["units_kept"],
        dropped={reason: counts[f"dropped {code}"] for code, reason in pipeline.drop_reasons(plans).items()},
        rows_trimmed=counts["rows_trimmed"],
        rows_made_constant=counts["rows_made_constant"],
        columns={
            plan.column.name: ColumnReport(
                missing=counts[f"missing {plan.index}"],
                unknown=counts[f"unknown {plan.index}"],
                out_of_range=counts[f"out_of_range {plan.index}"],
                outside_coverage=counts[f"outside {plan.index}"],
                unknown_becomes=plan.repair.unknown,
                out_of_range_becomes=plan.repair.out_of_range,
            )
            for plan in plans
        },
        ambiguous_parent_keys={join.source: counts[f"ambiguous {join.alias}"] for join in mapping.statement.joins},
        malformed_lines=dict(malformed_lines),
    )
