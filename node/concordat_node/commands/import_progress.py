"""How an import's progress is shown: a live bar on a terminal, elsewhere a line for each step and one now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from concordat_node.importing.steps import HowFar, Progress, Step, not_known

LIVE_SECONDS = 0.25
PLAIN_SECONDS = 15.0
_STEPS: list[Step] = [step for step in Step if step is not Step.DONE]


@contextmanager
def shown(dataset: str, err: TextIO) -> Iterator[Progress]:
    """Whom an import tells of its steps. What a terminal was shown is gone afterwards."""
    console = Console(file=err, highlight=False)
    if not console.is_terminal:
        lines = PlainLines(dataset, err)
        with _every(PLAIN_SECONDS, lines.still):
            yield lines.begin
        return
    told, done = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[done]}")
    columns = (told, BarColumn(), done, TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        live = LiveBar(dataset, bar)
        with _every(LIVE_SECONDS, live.look):
            yield live.begin


class PlainLines:
    """Lines for files and pipes."""

    def __init__(self, dataset: str, err: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._dataset = dataset
        self._err = err
        self._clock = clock
        self._begun: tuple[Step, HowFar, float] | None = None

    def begin(self, step: Step, how_far: HowFar) -> None:
        self._begun = (step, how_far, self._clock())
        self._write(step.value if step is Step.DONE else f"{place_of(step)}: {step.value}")

    def still(self) -> None:
        """Says that the step goes on, since when, and how far it is where that is known."""
        if self._begun is not None:
            step, how_far, since = self._begun
            share = how_far()
            done = "" if share is None else f", {share:.0%} done"
            self._write(f"{place_of(step)} goes on for {self._clock() - since:.0f} s{done}")

    def _write(self, line: str) -> None:
        self._err.write(f"{self._dataset}: {line}\n")
        self._err.flush()


class LiveBar:
    """One bar that begins anew with every step. It pulses where a step cannot tell how far it is."""

    def __init__(self, dataset: str, bar: Bar) -> None:
        self._dataset = dataset
        self._bar = bar
        self._task = bar.add_task(dataset, total=None, done="")
        self._how_far: HowFar = not_known

    def begin(self, step: Step, how_far: HowFar) -> None:
        self._how_far = how_far
        told = step.value if step is Step.DONE else f"{place_of(step)}: {step.value}"
        self._bar.reset(self._task, total=None, description=f"{self._dataset}: {told}", done="")

    def look(self) -> None:
        share = self._how_far()
        if share is not None:
            self._bar.update(self._task, total=1.0, completed=share, done=f"{share:.0%}")


def place_of(step: Step) -> str:
    """Which step of how many: "step 4 of 11"."""
    return f"step {_STEPS.index(step) + 1} of {len(_STEPS)}"


@contextmanager
def _every(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Calls again and again, from a thread of its own, while the block runs."""
    ended = Event()

    def run() -> None:
        while not ended.wait(seconds):
            call()

    thread = Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
