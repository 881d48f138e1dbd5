"""Shown while a query runs: on a terminal each node's state, live and gone at the end; elsewhere only retries."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from concordat_client.progress import Event, Listener, NodeState, Retry, State

_GOES_ON = frozenset({State.ASKED, State.SCANNING, State.RETRYING})


class Board:
    """The nodes asked, what each is at and since when. `clock` gives seconds."""

    def __init__(self, nodes: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._states = dict.fromkeys(nodes, (State.ASKED, clock()))
        self._note = ""

    def hear(self, event: Event) -> None:
        """Takes an event in. A node that was not asked is not shown, whoever speaks of it."""
        match event:
            case NodeState(node, state) if node in self._states:
                self._states[node] = (state, self._clock())
            case Retry():
                self._note = retry_text(event)
                self._states = dict.fromkeys(self._states, (State.ASKED, self._clock()))

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for node, (state, since) in self._states.items():
            seconds = f"{self._clock() - since:.0f} s" if state in _GOES_ON else ""
            table.add_row(Text(node), Text(state.value), Text(seconds))
        if self._note:
            table.add_row(Text(self._note))
        return table


def retry_text(retry: Retry) -> str:
    return f"{retry.reason.value}: try {retry.attempt} of {retry.attempts} in {retry.seconds:.1f} s, under the same key"


@contextmanager
def told(console: Console, nodes: Sequence[str]) -> Iterator[Listener]:
    """A listener that shows on `console` what it hears; what it showed on a terminal is gone afterwards."""
    if not console.is_terminal:
        yield _tell_retries
        return
    board = Board(nodes)
    with Live(board, console=console, transient=True, refresh_per_second=4):
        yield board.hear


def _tell_retries(event: Event) -> None:
    if isinstance(event, Retry):
        click.echo(retry_text(event), err=True)
