"""From what a mapping's expressions give to the integers of an edition: SQL text for every column.

For every column three things are computed from one row, in layers of nested selects: `raw` (what the expression gives,
as text or a double), `fixed` (the code's index, or the number in fixed point: rounded half away from zero) and `fault`.
A date is a number from the start: of days since 1970-01-01.
Repair then looks at the fault alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from concordat_query.catalogue import EPOCH, Column, Dataset

from concordat_node.importing.edition import column_type
from concordat_node.importing.mapping import Mapping, Repair


class Fault(IntEnum):
    """What was wrong with a value."""

    NONE = 0
    MISSING = 1
    """The expression gave NULL. Allowed where the column is nullable."""
    UNKNOWN = 2
    """Not a code of the catalogue, or not a finite number."""
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
        kind = "VARCHAR" if self.column.type == "code" else "DOUBLE"
        return f"TRY_CAST({given} AS {kind}) AS {self.raw}"

    def fixed_sql(self) -> str:
        """Any value out of range becomes the nearest integer beyond the bounds, so that nothing overflows."""
        if self.column.type == "code":
            return f"CAST(enum_code(TRY_CAST({self.raw} AS {enum_type(self.column.codes)})) AS BIGINT) AS {self.fixed}"
        low, high = self.column.fixed_lower, self.column.fixed_upper
        scale = 10**self.column.decimals
        return f"""CASE
            WHEN {self.raw} IS NULL OR NOT isfinite({self.raw}) THEN NULL
            WHEN {self.raw} < {low / scale - 1} THEN {low - 1}
            WHEN {self.raw} > {high / scale + 1} THEN {high + 1}
            ELSE greatest({low - 1}, least({high + 1}, CAST(round({self.raw} * {scale}) AS BIGINT)))
        END AS {self.fixed}"""

    def fault_sql(self) -> str:
        return f"""CAST(CASE
            WHEN {self.raw} IS NULL THEN {Fault.MISSING:d}
            WHEN {self.fixed} IS NULL THEN {Fault.UNKNOWN:d}
            WHEN {self.fixed} < {self.column.fixed_lower} OR {self.fixed} > {self.column.fixed_upper}
            THEN {Fault.OUT_OF_RANGE:d} ELSE {Fault.NONE:d}
        END AS UTINYINT) AS {self.fault}"""

    def repaired_sql(self) -> str:
        """The value that stands after repair; NULL where there is none. Never NULL from clamping a NULL."""
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
    return [f'CAST(NULL AS {column_type(c)}) AS "{c.name}"' for c in dataset.columns if c.name not in held]


def enum_type(codes: Sequence[str]) -> str:
    """A DuckDB ENUM of these codes, whose internal code is a code's index."""
    return "ENUM(" + ", ".join("'" + code.replace("'", "''") + "'" for code in codes) + ")"
