"""Walks through a guide: gives its commands in their order, in one folder, and holds what they print to what it shows.

A page's blocks are read so:

    ```console         `$ ` begins a command and `> ` goes on with it; the lines after it are what it prints
    ```console fails   the last command of the block ends with a status other than 0
    ```console stays   the command goes on until the walk ends; it is ready when it has printed the last line shown.
                       Given again, it is stopped first, as a reader does with Ctrl-C
    ```sh              one script, whose output does not matter
    ```python NAME     a script that is written to the file of that name, for the commands after it
    ``` ... elsewhere  not run by the walk: what the page's own test has done before, or says why it cannot

Other blocks are not run. Each command has a bash of its own: `cd` and `export` do not carry over. What is shown is held
against what was printed with numbers, ids, keys, references, spaces and lines of tables set aside, because noise, keys
and widths differ from one run to the next; a line `...` stands for any lines, and where nothing is shown anything may
be printed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processes import Child, stop_all

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240.0
LEFT_OUT = "..."
_FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"-?\d[\d,.:]*")
_ID = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{16,64}\b")
_KEY = re.compile(r"[A-Za-z0-9+/]{43}=")
_REFERENCE = re.compile(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b")
_DRAWN = re.compile(r"[\s━╇┃│─┼]+")


@dataclass(frozen=True)
class Step:
    """One command of a page, the line that it stands on, and the lines shown of what it prints."""

    command: str
    shown: tuple[str, ...]
    line: int
    fails: bool = False
    stays: bool = False


class WentWrong(AssertionError):
    """A command of a page does not do what the page says. Names the page's line."""


def steps(page: str) -> Iterator[Step]:
    """The commands of a page's text, in their order."""
    for fence in _FENCE.finditer(page):
        language, words, text = fence[1], fence[2].split(), fence[3]
        first = page.count("\n", 0, fence.start(3)) + 1
        if "elsewhere" in words:
            continue
        if language == "sh":
            yield Step(f"set -e\n{text}", (), first)
        elif language == "python":
            yield Step(f"cat > {words[0]} <<'END OF SCRIPT'\n{text}END OF SCRIPT", (), first)
        elif language == "console":
            yield from _console(text, first, words)


def _console(text: str, first: int, words: list[str]) -> Iterator[Step]:
    """A console's commands. What `fails` is the last of them, and `stays` has the block to itself."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if parts[0] or ("stays" in words and len(parts) != 2) or set(words) - {"fails", "stays"}:
        raise WentWrong(f"line {first}: a console's block begins with `$ `, and one that stays is one command")
    line = first
    for number, part in enumerate(parts[1:], start=2):
        lines = part.splitlines()
        end = next((i for i, each in enumerate(lines) if i and not each.startswith("> ")), len(lines))
        command = "\n".join([lines[0], *(each.removeprefix("> ") for each in lines[1:end])])
        is_last = number == len(parts)
        yield Step(command, tuple(lines[end:]), line, is_last and "fails" in words, "stays" in words)
        line += len(lines)


def elsewhere(page: str) -> list[str]:
    """The blocks that the walk leaves to the page's own test."""
    return [fence[3] for fence in _FENCE.finditer(page) if "elsewhere" in fence[2].split()]


def walk(page: Path, folder: Path, **environment: str) -> list[str]:
    """Gives every command of the page in `folder`; returns what each printed. Raises WentWrong at the first that fails.

    `environment` is what the page tells its reader to export in every terminal. The folder is the caller's to prepare:
    `in_project` makes one in which commands are given as in the project's.
    """
    printed = []
    environment = _environment() | environment
    with _staying() as children:
        for step in steps(page.read_text()):
            where = f"{page.name}, line {step.line}: {step.command}"
            if step.stays:
                stop_all([children.pop(step.command)] if step.command in children else [])
                children[step.command], text = _start(step, where, folder, environment)
                printed.append(text)
            else:
                printed.append(_run(step, where, folder, environment))
    return printed


def in_project(folder: Path) -> Path:
    """A folder where commands find the project's files as in its root, while what they make stays out of it."""
    (folder / "deploy").symlink_to(ROOT / "deploy")
    return folder


@contextmanager
def _staying() -> Iterator[dict[str, Child]]:
    """What stays, by its command."""
    children: dict[str, Child] = {}
    try:
        yield children
    finally:
        stop_all(list(children.values()))


def _run(step: Step, where: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603  # the project's own pages
        ["/bin/bash", "-c", step.command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if (done.returncode != 0) != step.fails:
        raise WentWrong(f"{where}\nended with status {done.returncode}:\n{done.stdout}")
    if step.shown and not alike("\n".join(step.shown), done.stdout):
        raise WentWrong(f"{where}\nprints something else than is shown:\n{done.stdout}")
    return done.stdout


def _start(step: Step, where: str, folder: Path, environment: dict[str, str]) -> tuple[Child, str]:
    if not step.shown:
        raise WentWrong(f"{where}\nstays, and nothing is shown that would tell when it is ready")
    ready = _NUMBER.sub(lambda _: r"[-\d,.:]+", re.escape(step.shown[-1]).replace(r"\-", "-").replace(r"\.", "."))
    command = f"cd {folder} && exec {step.command}"
    log = folder / f"stays-{step.line}.txt"
    given = [f"{name}={value}" for name, value in environment.items()]
    child = Child(where, ["/usr/bin/env", "-i", *given, "/bin/bash", "-c", command], log, f"^{ready}$")
    try:
        child.wait_ready(SECONDS)
    except BaseException:
        stop_all([child])
        raise
    return child, log.read_text()


def _environment() -> dict[str, str]:
    """The project's commands first on the path; nothing that would colour or widen what is printed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "FORCE_COLOR")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}", "NO_COLOR": "1"}


def alike(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed, numbers, ids, spaces and lines of tables set aside."""
    parts = re.split(rf"^{re.escape(LEFT_OUT)}$", shown, flags=re.MULTILINE)
    return bool(re.fullmatch(".*".join(re.escape(_bare(part)) for part in parts), _bare(printed), flags=re.DOTALL))


def _bare(text: str) -> str:
    named = _REFERENCE.sub("reference", _KEY.sub("key", _ID.sub("id", text)))
    return _DRAWN.sub(" ", _NUMBER.sub("0", named)).strip()
