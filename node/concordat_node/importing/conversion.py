"""From what a mapping's expressions give to the integers of an edition: SQL text for every column.

For every column three things are computed from one row, in layers of nested selects: `raw` (what the expression gives,
as text or a double), `fixed` (the code's index, or the number in fixed point: rounded half away from zero) and `fault`.
A date is a number from the start: of days since 1970-01-01. A text stays one, in its declared form; only the edition
gives it a number.
Repair then looks at the fault alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from concordat_query.catalogue import EPOCH, OTHER, Column, Dataset
from concordat_query.texts import UNSHOWN

from concordat_node.importing.edition import column_type
from concordat_node.importing.mapping import Mapping, Repair


class Fault(IntEnum):
    """What was wrong with a value."""

    NONE = 0
    MISSING = 1
    """The expression gave NULL. Allowed where the column is nullable."""
    UNKNOWN = 2
    """Not a code of the catalogue, not a finite number, or not a text that can be shown."""
    OUT_OF_RANGE = 3


@dataclass(frozen=True)
class ColumnPlan:
    """How one held column is made. `index` numbers it within the data set."""

    index: int
    column: Column
    expression: str
    repair: Repair

    # Names of working columns begin with an underscore, which no column of a catalogue does.

    @property
    def raw(self) -> str:
        return f"_raw_{self.index}"

    @property
    def fixed(self) -> str:
        return f"_fixed_{self.index}"

    @property
    def fault(self) -> str:
        return f"_fault_{self.index}"

    @property
    def name(self) -> str:
        return f'"{self.column.name}"'

    def raw_sql(self) -> str:
        given = f"TRY({self.expression})"
        if self.column.type == "date":
            given = f"date_diff('day', DATE '{EPOCH}', TRY_CAST({given} AS DATE))"
        kind = "VARCHAR" if self.column.type in ("code", "text") else "DOUBLE"
        return f"TRY_CAST({given} AS {kind}) AS {self.raw}"

    def fixed_sql(self) -> str:
        """Any value out of range becomes the nearest integer beyond the bounds, so that nothing overflows."""
        if self.column.type == "code":
            return f"CAST(enum_code(TRY_CAST({self.raw} AS {enum_type(self.column.codes)})) AS BIGINT) AS {self.fixed}"
        if self.column.type == "text":
            return f"{text_sql(self.raw, self.column)} AS {self.fixed}"
        low, high = self.column.fixed_lower, self.column.fixed_upper
        scale = 10**self.column.decimals
        return f"""CASE
            WHEN {self.raw} IS NULL OR NOT isfinite({self.raw}) THEN NULL
            WHEN {self.raw} < {low / scale - 1} THEN {low - 1}
            WHEN {self.raw} > {high / scale + 1} THEN {high + 1}
            ELSE greatest({low - 1}, least({high + 1}, CAST(round({self.raw} * {scale}) AS BIGINT)))
        END AS {self.fixed}"""

    def fault_sql(self) -> str:
        beyond = f"{self.fixed} < {self.column.fixed_lower} OR {self.fixed} > {self.column.fixed_upper}"
        return f"""CAST(CASE
            WHEN {self.raw} IS NULL THEN {Fault.MISSING:d}
            WHEN {self.fixed} IS NULL THEN {Fault.UNKNOWN:d}
            WHEN {"false" if self.column.type == "text" else beyond}
            THEN {Fault.OUT_OF_RANGE:d} ELSE {Fault.NONE:d}
        END AS UTINYINT) AS {self.fault}"""

    def repaired_sql(self) -> str:
        """The value that stands after repair; NULL where there is none. Never NULL from clamping a NULL."""
        if self.column.type == "text":
            return f"{self.fixed} AS {self.name}"
        low, high = self.column.fixed_lower, self.column.fixed_upper
        clamped = f"CASE WHEN {self.fixed} < {low} THEN {low} ELSE {high} END"
        beyond = clamped if self.repair.out_of_range == "clamp" else "NULL"
        return f"""CAST(CASE {self.fault}
            WHEN {Fault.NONE:d} THEN {self.fixed}
            WHEN {Fault.OUT_OF_RANGE:d} THEN {beyond}
        END AS {column_type(self.column)}) AS {self.name}"""

    def unusable_sql(self) -> str:
        """Whether the row must go because of this column's value."""
        faults = [Fault.MISSING, Fault.UNKNOWN] if not self.column.nullable else []
        faults += [Fault.UNKNOWN] if self.repair.unknown == "drop" else []
        faults += [Fault.OUT_OF_RANGE] if self.repair.out_of_range == "drop" else []
        listed = ", ".join(str(int(fault)) for fault in sorted(set(faults)))
        return f"{self.fault} IN ({listed})" if listed else "false"


def column_plans(mapping: Mapping) -> tuple[ColumnPlan, ...]:
    """Plans of the columns that are held, in the catalogue's order."""
    return tuple(
        ColumnPlan(index, column, mapping.statement.columns[column.name], mapping.repairs[column.name])
        for index, column in enumerate(mapping.definition.columns)
        if column.name in mapping.statement.columns
    )


def absent_columns_sql(dataset: Dataset, plans: Sequence[ColumnPlan]) -> list[str]:
    """Columns that are not held, as NULL."""
    held = {plan.column.name for plan in plans}
    absent = [column for column in dataset.columns if column.name not in held]
    kinds = ["VARCHAR" if column.type == "text" else column_type(column) for column in absent]
    return [f'CAST(NULL AS {kind}) AS "{column.name}"' for column, kind in zip(absent, kinds, strict=True)]


def text_sql(value: str, column: Column) -> str:
    """A text as editions hold it: NFC, white space of any kind as one space, none at the ends. NULL where it is empty,
    longer than the column allows, holds what is not shown, or is what stands for all other texts."""
    spaced = f"trim(regexp_replace(nfc_normalize({value}), '[\\s\\x0B\\x85\\p{{Z}}]+', ' ', 'g'))"
    short = f"length(_t) BETWEEN 1 AND {column.max_length}"
    unshown = "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in UNSHOWN)
    shown = f"NOT regexp_matches(_t, '[{unshown}]')"
    chosen = f"list_filter([{spaced}], lambda _t: {short} AND {shown} AND _t <> '{OTHER}')"
    return f"CASE WHEN {value} IS NOT NULL THEN {chosen}[1] END"


def enum_type(codes: Sequence[str]) -> str:
    """A DuckDB ENUM of these codes, whose internal code is a code's index."""
    return "ENUM(" + ", ".join("'" + code.replace("'", "''") + "'" for code in codes) + ")"
