"""What a query gives back: a verified table, what can be done with it, and the signed answers that prove it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from concordat.v1 import coordinator_pb2, node_pb2
from concordat_privacy.estimates import Table, Value
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from rich.console import Console, ConsoleOptions, RenderResult

from concordat_client import charting, comparing, display, notebook, records, saving, tidy
from concordat_client.asking import SignedQuestion
from concordat_client.comparing import Cells, Comparison
from concordat_client.provenance import Provenance, provenance
from concordat_client.records import Record

if TYPE_CHECKING:
    import pandas
    import polars
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Charge:
    """What this run cost at one node, in billionths and in the delta of private keys, in 1e-15; 0 where a stored answer
    was served again."""

    node: str
    price_nano: int
    delta_e15: int
    stored_answer: bool
    signed_nano: int | None
    """What the node signed that the key was charged, in this run or an earlier one; None where the node was lost."""
    signed_delta_e15: int | None


@dataclass(frozen=True, repr=False)
class Result:
    """A verified result. `table` was recomputed here from `answers`, whose signatures were checked.

    It prints as its table, iterates over its rows as Records, and shows as a table in notebooks.

    `deliveries` are the nodes' word, in the answers' order, that they gave them to this very question; those of
    declarations are in `missing`. `merged` and `absent` are the same answers and absences as merging reads them.

    `complete` is False when a node was lost after it was charged: run the same query with `idempotency_key` again.
    """

    question: SignedQuestion
    table: Table
    answers: tuple[node_pb2.SignedAnswer, ...]
    missing: tuple[coordinator_pb2.MissingNode, ...]
    charges: tuple[Charge, ...]
    complete: bool
    deliveries: tuple[node_pb2.SignedDelivery, ...]
    catalogue: Catalogue
    agreement: Agreement
    merged: tuple[NodeAnswer, ...] = field(compare=False)
    absent: tuple[Absent, ...] = field(compare=False)

    @property
    def idempotency_key(self) -> str:
        return self.question.envelope.idempotency_key

    @property
    def provenance(self) -> Provenance:
        """Where the figures come from: SQL, cost, nodes with their editions, agreement, catalogue, software."""
        return provenance(self)

    def __iter__(self) -> Iterator[Record]:
        return records.records(self)

    def __len__(self) -> int:
        return len(self.table.rows)

    def cell(self, keys: Mapping[str, object] | None = None, /, *, value: str | None = None, **more: object) -> Value:
        """One figure, by the labels of its row: `result.cell(nation="Wales", severity="Fatal")`.

        `value` names the value column where there are several. Raises Refusal where none or several rows are meant.
        """
        return records.cell(self, value, {**(keys or {}), **more})

    def compare(self, left: Cells, right: Cells, /, *, value: str | None = None, **keys: object) -> Comparison:
        """The difference of two cells, left less right, with its margin and whether noise alone could explain it.

        `left` and `right` are names of nations (or totals) where nations are kept apart, or mappings of labels, which
        must name the same columns; `keys` holds for both. Where several rows are meant they are compared one by one.
        Raises Refusal for what the result does not have.
        """
        return comparing.compare(self, left, right, value, keys)

    def to_arrow(self) -> pa.Table:
        """The tidy table: a row for each cell; notes and provenance in the schema's metadata, as JSON."""
        return tidy.to_arrow(self)

    def to_pandas(self) -> "pandas.DataFrame":
        """The tidy table as a pandas data frame of nullable types. Raises ImportError without the extra `frames`."""
        return tidy.to_pandas(self)

    def to_polars(self) -> "polars.DataFrame":
        """The tidy table as a polars data frame. Raises ImportError without the extra `frames`."""
        return tidy.to_polars(self)

    def chart(self, value: str | None = None) -> "Figure":
        """A matplotlib figure of one value column with 95% error bars, in the table's order.

        Raises ImportError without the extra `chart`, Refusal where rows are too many to be read.
        """
        return charting.chart(self, value)

    def chart_text(self, value: str | None = None) -> str:
        """What the chart shows, in words: its alternative text."""
        return charting.alternative_text(self, value)

    def save(self, path: str | Path) -> None:
        """Writes the result with all that proves it into one file that stands alone. Replaces a file that is there.

        `concordat verify` and `concordat_client.load` read it. Raises Refusal where it cannot be written.
        """
        saving.save(self, Path(path))

    def __str__(self) -> str:
        return display.as_text(self)

    __repr__ = __str__

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield display.render(self, options.max_width)

    def _repr_html_(self) -> str:
        return notebook.as_html(self)
