"""Where a command's result goes: refused before anything is paid for, never over a file that is there by mistake."""

import sys
from pathlib import Path

import click
from concordat_query.errors import Reason, Refusal
from concordat_wire.excerpt import plain

from concordat_client import display, formats, saving
from concordat_client.result import Result


def check(form: str, output: Path | None, save: Path | None, *, force: bool) -> None:
    """Refuses what could not be written later: bytes to a terminal, a file that is there, a folder that is not."""
    if form in formats.BINARY and output is None and sys.stdout.isatty():
        raise _refusal(f"{form} is not for terminals; give --output with a file's name", "--format")
    for option, path in (("--output", output), ("--save", save)):
        if path is None:
            continue
        if not path.parent.is_dir():
            raise _refusal(f"{path}: there is no folder {path.parent}", option)
        if path.is_dir() or (path.exists() and not force):
            raise _refusal(f"{path}: is there already; name another, or replace a file with --force", option)
    if output is not None and output == save:
        raise _refusal(f"{output}: --output and --save need a file each", "--save")


def write(result: Result, form: str, output: Path | None, *, force: bool) -> None:
    """Writes a result to a file or to standard output; what CSV has no place for goes to standard error."""
    data = formats.encode(result, form)
    if output is None:
        sys.stdout.buffer.write(data)
    else:
        saving.write(output, data, replace=force)
    if form == "csv":
        for line in (*display.legend(result), *result.table.notes, display.cost(result)):
            click.echo(plain(line), err=True)


def _refusal(message: str, option: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, message, field=option)
