"""`concordat-node import`: every mapping's sources into a new edition, with the custodian's report."""

import sys
from collections.abc import Mapping as Table
from pathlib import Path
from typing import TextIO

import click
from concordat_query.errors import Reason, Refusal

from concordat_node.commands.import_progress import shown
from concordat_node.commands.options import config_option
from concordat_node.config import read_settings
from concordat_node.importing.build import DEFAULTS, Resources, import_dataset
from concordat_node.importing.mapping import Mapping
from concordat_node.importing.report import Report, to_text


@click.command("import")
@config_option
@click.argument("datasets", nargs=-1)
def import_(config: Path, datasets: tuple[str, ...]) -> None:
    """Import records and put the new editions in force.

    DATASETS name which; without them all that have a mapping. Prints the custodian's report: its numbers are data. A
    node that serves goes on with its former edition until it is started again.
    """
    settings = read_settings(config)
    limits = settings.file.engine
    run_import(
        settings.mappings,
        settings.data,
        settings.state,
        Resources(limits.memory_limit, limits.threads),
        datasets=datasets,
    )


def run_import(
    mappings: Table[str, Mapping],
    data: Path,
    state: Path,
    resources: Resources = DEFAULTS,
    *,
    datasets: tuple[str, ...] = (),
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> list[Report]:
    """Imports the data sets named, or all that have a mapping, one after the other.

    Steps go to `err` (standard error), without any figure of the data; reports to `out` (standard output), for the
    custodian alone.
    Raises Refusal at the first that fails; what was imported before it stays in force.
    """
    out, err = out or sys.stdout, err or sys.stderr
    reports = []
    for name in datasets or tuple(mappings):
        if name not in mappings:
            known = ", ".join(mappings)
            raise Refusal(Reason.UNKNOWN_DATASET, f"no mapping gives data set {name!r}; there are: {known}")
        with shown(name, err) as progress:
            report = import_dataset(mappings[name], data, state, resources, progress)
        out.write(to_text(report))
        out.flush()
        reports.append(report)
    return reports
