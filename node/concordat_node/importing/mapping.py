"""A mapping: one node's translation of its local data into a data set of the catalogue, as a file people write.

`load` holds it against the catalogue and returns what the node declares to hold (public) and how rows are made (local).
The mapping's hash is public, as mappings are, and covers everything except the sources' paths: where a file lies is
the node's own business, changes with every delivery and alters nothing of what the mapping means.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from concordat_query.catalogue import Catalogue, Dataset, DatasetName, Name
from concordat_query.coverage import Coverage
from concordat_query.errors import ConcordatError, Reason, Refusal, SqlRefusal
from concordat_query.files import FileModel, read_file_model
from pydantic import AfterValidator, Field, model_validator

from concordat_node.importing import coverage_rules
from concordat_node.importing.restricted_sql import Statement, check_mapping_sql

OutOfRange = Literal["null", "clamp", "drop"]
Unknown = Literal["null", "drop"]
ROWS_AS_PARENT = (
    "it is the file of the rows themselves: one person's row would stand in others'; a parent may hold no rows of "
    "those who are protected"
)
_FORMATS = (".parquet", ".csv", ".duckdb")


def _stays_in_folder(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or any(mark in text for mark in "*?[]{}"):
        raise ValueError("must name one file inside the node's data folder, without patterns")
    if path.suffix not in _FORMATS:
        raise ValueError(f"must end in {', '.join(_FORMATS)}")
    return text


class Source(FileModel):
    """One local file. With a parent key it is a parent: it may be joined, and an ambiguous key matches nothing.

    A parent's row stands in the rows of all who point at it, so it may be about a place, a kind of vehicle or what the
    unit itself is, and about nobody else.
    """

    path: Annotated[str, Field(min_length=1), AfterValidator(_stays_in_folder)]
    table: str | None = None
    """Of a .duckdb file."""
    separator: Annotated[str, Field(pattern=r"^[^\"\r\n\\]$")] = ","
    """Of a .csv file."""
    parent_key: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _table_where_needed(self) -> Self:
        if (self.table is not None) != self.path.endswith(".duckdb"):
            raise ValueError("`table` belongs to .duckdb files, which need it")
        if self.separator != "," and not self.path.endswith(".csv"):
            raise ValueError("`separator` belongs to .csv files")
        return self

    def may_be(self, other: "Source") -> bool:
        """Whether both name the same rows, by what is written here."""
        mine, theirs = ((PurePosixPath(one.path), (one.table or "").lower()) for one in (self, other))
        return mine == theirs


class ColumnHolding(FileModel):
    held: bool = True
    rows: str | None = None
    difference: str = ""


class Holds(FileModel):
    rows: str | None = None
    columns: dict[Name, ColumnHolding] = Field(default_factory=dict)


class RepairRule(FileModel):
    out_of_range: OutOfRange | None = None
    unknown: Unknown | None = None


class MappingFile(FileModel):
    dataset: DatasetName
    unit_id: str
    select: str
    sources: dict[Name, Source] = Field(min_length=1)
    differences: tuple[str, ...] = ()
    holds: Holds = Holds()
    repair: dict[Name, RepairRule] = Field(default_factory=dict)


@dataclass(frozen=True)
class Repair:
    """What becomes of a value that the catalogue does not allow. Looks at its own row only."""

    out_of_range: OutOfRange
    unknown: Unknown


@dataclass(frozen=True)
class Mapping:
    """A mapping that fits the catalogue. `coverage`, `differences` and `mapping_sha256` are public."""

    path: Path
    dataset: str
    definition: Dataset
    coverage: Coverage
    differences: tuple[str, ...]
    mapping_sha256: str
    sources: dict[str, Source]
    statement: Statement
    repairs: dict[str, Repair]
    """By column, for every column that is held."""


def load(path: Path, catalogue: Catalogue) -> Mapping:
    """Reads a mapping and holds it against the catalogue. Refuses with file, key and reason. Reads no data."""
    file = read_file_model(MappingFile, path)
    try:
        return _mapping(path, file, catalogue)
    except SqlRefusal as error:
        place = f"{path}: {error.field}"
        raise Refusal(error.reason, f"{place}: {error.message}", field=place) from None
    except ConcordatError as error:
        place = f"{path}: {error.field}" if error.field else str(path)
        raise Refusal(error.reason, f"{place}: {error.message}", field=place) from None


def _mapping(path: Path, file: MappingFile, catalogue: Catalogue) -> Mapping:
    dataset = catalogue.dataset(file.dataset)
    for key, names in (("holds.columns", file.holds.columns), ("repair", file.repair)):
        for name in names:
            _known(dataset, f"{key}.{name}", name)
    coverage = coverage_rules.coverage_of(file.holds.rows, _holdings(file), dataset)
    parents = {name: source.parent_key for name, source in file.sources.items()}
    statement = check_mapping_sql(file.select, file.unit_id, parents)
    for join in statement.joins:
        if file.sources[join.source].may_be(file.sources[statement.fact]):
            raise Refusal(Reason.WRONG_FILE, ROWS_AS_PARENT, field=f"sources.{join.source}")
    _produces_what_it_holds(statement, dataset, coverage)
    return Mapping(
        path=path,
        dataset=file.dataset,
        definition=dataset,
        coverage=coverage,
        differences=file.differences,
        mapping_sha256=mapping_sha256(file),
        sources=dict(file.sources),
        statement=statement,
        repairs={name: _repair(dataset, name, file.repair.get(name, RepairRule())) for name in statement.columns},
    )


def mapping_sha256(file: MappingFile) -> str:
    """SHA-256 (hex) of a mapping's content without the sources' paths, so that layout and comments do not matter."""
    content = file.model_dump(mode="json")
    for source in content["sources"].values():
        del source["path"]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _holdings(file: MappingFile) -> list[coverage_rules.Holding]:
    return [
        coverage_rules.Holding(name, entry.held, entry.rows, entry.difference)
        for name, entry in file.holds.columns.items()
    ]


def _produces_what_it_holds(statement: Statement, dataset: Dataset, coverage: Coverage) -> None:
    for name in statement.columns:
        _known(dataset, "select", name)
        if not coverage.of(name).held:
            raise _fault("select", f"it gives column {name!r}, which holds.columns.{name} says is not held")
    for column in dataset.columns:
        if column.name not in statement.columns and coverage.of(column.name).held:
            raise _fault(
                "select",
                f"it does not give column {column.name!r}; add it, or set holds.columns.{column.name}.held = false",
            )


def _repair(dataset: Dataset, name: str, rule: RepairRule) -> Repair:
    column = dataset.column(name)
    if column.type in ("code", "text") and rule.out_of_range is not None:
        raise _fault(f"repair.{name}.out_of_range", f"a {column.type} column has no range; use `unknown`")
    if not column.nullable and "null" in (rule.out_of_range, rule.unknown):
        raise _fault(f"repair.{name}", 'the catalogue does not let this column be missing; use "clamp" or "drop"')
    default: Unknown = "null" if column.nullable else "drop"
    return Repair(rule.out_of_range or "clamp", rule.unknown or default)


def _known(dataset: Dataset, key: str, name: str) -> None:
    if name not in dataset.by_name:
        raise Refusal(
            Reason.UNKNOWN_COLUMN,
            f"the data set has no column {name!r}; it has: {', '.join(dataset.by_name)}",
            field=key,
        )


def _fault(key: str, what: str) -> Refusal:
    return Refusal(Reason.WRONG_FILE, what, field=key)
