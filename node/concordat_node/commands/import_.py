"""`concordat-node import`: every mapping's sources into a new edition, with the custodian's report."""

import sys
from collections.abc import Mapping as Table
from pathlib import Path
from typing import TextIO

from concordat_node.importing.build import DEFAULTS, Resources, import_dataset
from concordat_node.importing.mapping import Mapping
from concordat_node.importing.report import Report, to_text
from concordat_node.importing.steps import Progress, Step


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

    Steps go to `err` (standard error) without any number; reports to `out` (standard output), for the custodian alone.
    Raises Refusal at the first that fails; what was imported before it stays in force.
    """
    out, err = out or sys.stdout, err or sys.stderr
    reports = []
    for name in datasets or tuple(mappings):
        report = import_dataset(mappings[name], data, state, resources, _announce(name, err))
        out.write(to_text(report))
        out.flush()
        reports.append(report)
    return reports


def _announce(dataset: str, err: TextIO) -> Progress:
    def announce(step: Step) -> None:
        err.write(f"{dataset}: {step.value}\n")
        err.flush()

    return announce
