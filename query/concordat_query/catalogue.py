"""The catalogue: the shared, versioned, public definitions that every party holds the same copy of.

People write it as TOML; `load` reads it, refuses unknown keys and returns a frozen `Catalogue`. Its hash is
taken over the parsed content, so that comments and layout do not matter.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, Strict, model_validator

from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel, content_hash, read_file_model
from concordat_query.prose import listed

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
DatasetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=120)]


def _day(value: object) -> object:
    """Of texts only 2016-01-31: a JSON "100" would else be read as seconds since 1970."""
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise ValueError("not a date")
        return date.fromisoformat(value)
    return value


Day = Annotated[date, Strict(), BeforeValidator(_day)]
"""A TOML date, or a date as JSON has it. Strict, or the number 0 would be read as 1970-01-01."""
Label = Annotated[str, Field(min_length=1, max_length=200)]
AcrossNations = Literal["comparable", "with caveat", "not comparable"]
CellKey = str | Decimal | date | None
"""One group key's value in one cell: a code's label, a number, a date, or None for missing."""

EPOCH = date(1970, 1, 1)
"""Editions store dates as days since then."""

MAX_KEY_DOMAIN = 10_000
MAX_CUBE_CHOICES = 100
"""For so many combinations of values an import reads its edition once more."""
OTHER = "(other)"
"""The group of all texts that a node did not release. Import makes a text of just these words missing."""
RESERVED_NAMES = frozenset({"nation", "holder"})
EDITION_NAMES = frozenset({"unit", "unit_rows", "unit_losses", "token_hi", "token_lo", "row_key", "cubes", "rowid"})
"""What a node's edition holds beside the catalogue's columns, and what DuckDB calls a row's place."""


class Column(FileModel):
    """A column of a data set.

    An edition stores integers: codes by their index, numbers times 10**decimals, dates as days since 1970-01-01, texts
    by their place in a list of its own. Which texts there are is not public: `codes` of a text column holds those that
    were released, `OTHER` last, once a query has released some.
    """

    name: Name
    type: Literal["code", "number", "date", "text"]
    description: str
    codes: tuple[Label, ...] = ()
    lower: Day | Decimal | None = None
    upper: Day | Decimal | None = None
    decimals: int = Field(default=0, ge=0, le=6)
    max_length: int | None = Field(default=None, ge=1, le=200)
    """Of a text, in characters. A longer one is missing."""
    nullable: bool = True
    constant_within_unit: bool = False
    key: bool | None = None
    """Whether queries may group by it as it is. Unset: codes yes, numbers and dates no."""
    across_nations: AcrossNations = "comparable"
    """Whether nations' figures that touch this column may be added up. What follows: concordat_query.comparability."""
    across_nations_note: str = Field(default="", max_length=500)
    """Why not, or with what caveat: a sentence or more. It comes with every figure concerned."""
    since: int = Field(default=1, ge=1)
    """The catalogue's version since which this column means what it means. Another meaning gets another name."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.name in RESERVED_NAMES:
            raise ValueError(f"{self.name!r} is an attribute of nodes and cannot be a column")
        if self.name in EDITION_NAMES:
            raise ValueError(f"{self.name!r} is a column of every edition already; use another name")
        if (self.across_nations == "comparable") != (not self.across_nations_note.strip()):
            raise ValueError(
                f"column {self.name!r}: across_nations_note says why a column is not simply comparable: "
                'write it with across_nations = "with caveat" or "not comparable", and only there'
            )
        if (self.type == "text") != (self.max_length is not None):
            raise ValueError(f"column {self.name!r}: max_length belongs to text columns, which need it")
        if self.type == "text":
            if self.codes or self.lower is not None or self.upper is not None or self.decimals or self.key is not None:
                raise ValueError(f"column {self.name!r}: a text column has no codes, bounds, decimals or key")
            return self
        if self.type == "code":
            if not self.codes or len(set(self.codes)) != len(self.codes):
                raise ValueError(f"column {self.name!r}: codes must be given, each once")
            if self.lower is not None or self.upper is not None or self.decimals:
                raise ValueError(f"column {self.name!r}: a code column has no bounds or decimals")
            return self
        if self.codes:
            raise ValueError(f"column {self.name!r}: a {self.type} column has no codes")
        kind = date if self.type == "date" else Decimal
        if not isinstance(self.lower, kind) or not isinstance(self.upper, kind):
            raise ValueError(f"column {self.name!r}: a {self.type} column needs lower < upper, each a {self.type}")
        if self.type == "date" and self.decimals:
            raise ValueError(f"column {self.name!r}: a date column has no decimals")
        if not self.fixed(self.lower) < self.fixed(self.upper):
            raise ValueError(f"column {self.name!r}: a {self.type} column needs lower < upper")
        if max(abs(self.fixed(self.lower)), abs(self.fixed(self.upper))) > 2**31:
            raise ValueError(f"column {self.name!r}: bounds times 10**decimals must stay within 2**31")
        if self.key and self.fixed(self.upper) - self.fixed(self.lower) >= MAX_KEY_DOMAIN:
            raise ValueError(f"column {self.name!r}: too many values for a group key")
        return self

    def fixed(self, value: Decimal | date) -> int:
        """A number or date as the edition stores it. Raises ValueError if it has more decimals than the column."""
        if isinstance(value, date):
            return (value - EPOCH).days
        scaled = value.scaleb(self.decimals)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"more than {self.decimals} decimals")
        return int(scaled)

    @property
    def fixed_lower(self) -> int:
        return self.fixed(self.lower) if self.lower is not None else 0

    @property
    def fixed_upper(self) -> int:
        """Largest stored value: the last code's index, or the upper bound in fixed point."""
        return self.fixed(self.upper) if self.upper is not None else len(self.labels) - 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The codes; of a text column those that are known, `OTHER` last."""
        return self.codes or ((OTHER,) if self.type == "text" else ())

    @property
    def values(self) -> int:
        """How many values the column has, missing among them where it is nullable."""
        return self.fixed_upper - self.fixed_lower + 1 + self.nullable

    @property
    def may_be_key(self) -> bool:
        """Whether its values are public, so that queries may group by it as it is."""
        return self.key if self.key is not None else self.type == "code"

    @cached_property
    def domain(self) -> tuple[CellKey, ...]:
        """Every value of this column as a group key, in stored order, None (missing) last where nullable."""
        values = tuple(self.public(stored) for stored in range(self.fixed_lower, self.fixed_upper + 1))
        return (*values, None) if self.nullable else values

    def public(self, stored: int) -> str | Decimal | date:
        """What a stored integer means."""
        if self.type in ("code", "text"):
            return self.labels[stored]
        if self.type == "date":
            return EPOCH + timedelta(days=stored)
        return Decimal(stored).scaleb(-self.decimals)

    @cached_property
    def stored_domain(self) -> tuple[int | None, ...]:
        """The same domain as the edition stores it."""
        values: tuple[int | None, ...] = tuple(range(self.fixed_lower, self.fixed_upper + 1))
        return (*values, None) if self.nullable else values


class Cube(FileModel):
    """Queries asked so often that every node chooses at import which rows count in them. Speeds them up, no more.

    They group by exactly `keys`, in any order, with k = `max_groups` and C = `max_rows`; their WHERE sets each column
    of `for_each` equal to one value, and nothing else.
    """

    keys: tuple[Name, ...]
    for_each: tuple[Name, ...] = ()
    max_groups: int = Field(ge=1)
    max_rows: int = Field(ge=1)


class Dataset(FileModel):
    title: str
    description: str
    population: DatasetName
    unit: Name
    unit_description: str
    encloses: Name | None = None
    """Where a unit holds several of the population's own, what each of these is called: a collision's casualties.

    Each of them must lie within one unit. The unit has no account: queries charge for one of those that it encloses.
    """
    max_rows_per_unit: int = Field(ge=1, le=10_000)
    columns: tuple[Column, ...] = Field(min_length=1, max_length=200)
    expected_units: dict[str, int] = Field(default_factory=dict)
    """Public expectation of how many units each nation holds; steers predicted margins of ratios only."""
    cubes: tuple[Cube, ...] = Field(default=(), max_length=8)

    @model_validator(mode="after")
    def _cubes_are_of_columns(self) -> Self:
        for cube in self.cubes:
            if self.max_rows_per_unit == 1:
                raise ValueError("a cube is for units of several rows; take it out")
            for name in (*cube.keys, *cube.for_each):
                if name not in self.by_name:
                    raise ValueError(f"a cube names {name!r}, which is no column")
                if self.by_name[name].type == "text":
                    raise ValueError(
                        f"a cube names {name!r}, whose texts are private and not known before a query; take it out"
                    )
            for name in cube.keys:
                if not self.by_name[name].may_be_key:
                    raise ValueError(f"a cube has key {name!r}, which cannot be a group key")
            for names, most in ((cube.keys, MAX_KEY_DOMAIN), (cube.for_each, MAX_CUBE_CHOICES)):
                if math.prod(self.by_name[name].values for name in names) > most:
                    raise ValueError(f"a cube has more than {most} combinations of {' and '.join(names)}")
            if len({*cube.keys, *cube.for_each}) != len(cube.keys) + len(cube.for_each):
                raise ValueError("a cube names a column twice")
        return self

    @model_validator(mode="after")
    def _columns_once(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column is defined twice")
        return self

    @model_validator(mode="after")
    def _encloses_another(self) -> Self:
        if self.encloses == self.unit:
            raise ValueError("encloses: names what a unit holds several of, not the unit itself")
        return self

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of that name. Refuses an unknown one."""
        if name not in self.by_name:
            raise Refusal(Reason.UNKNOWN_COLUMN, f"there is no column {name!r}; there are: {', '.join(self.by_name)}")
        return self.by_name[name]

    @cached_property
    def definition_sha256(self) -> str:
        return content_hash(self)

    def with_texts(self, name: str, texts: tuple[str, ...]) -> "Dataset":
        """The same with the texts of one text column known: from then on they are codes, `OTHER` the last."""
        known = Column.model_construct(**{**dict(self.column(name)), "codes": (*texts, OTHER)})
        columns = tuple(known if column.name == name else column for column in self.columns)
        return Dataset.model_construct(**{**dict(self), "columns": columns})  # a copy would keep what was derived

    def constant_within_unit(self, name: str) -> bool:
        return self.max_rows_per_unit == 1 or self.by_name[name].constant_within_unit


@dataclass(frozen=True, eq=False)
class ByDefinition:
    """A data set that caches tell apart by its definition's hash; comparing whole definitions would cost more."""

    dataset: Dataset

    def __hash__(self) -> int:
        return hash(self.dataset.definition_sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByDefinition) and other.dataset.definition_sha256 == self.dataset.definition_sha256


class Population(FileModel):
    description: str


class Nation(FileModel):
    name: Label
    gss: str


class Total(FileModel):
    """What a sum over exactly these nations is called."""

    name: Label
    gss: str
    nations: tuple[str, ...]


class Change(FileModel):
    """What people changed to arrive at a version of the catalogue."""

    version: int = Field(ge=1)
    date: Day
    what: str = Field(min_length=1)


class Catalogue(FileModel):
    version: int = Field(ge=1)
    title: str
    history: tuple[Change, ...] = ()
    """Oldest first, the last entry being this version's. A first version may leave it out."""
    nations: tuple[Nation, ...]
    totals: tuple[Total, ...] = ()
    populations: dict[DatasetName, Population]
    datasets: dict[DatasetName, Dataset]

    @model_validator(mode="after")
    def _has_a_history(self) -> Self:
        if self.history or self.version > 1:
            if not self.history or self.history[-1].version != self.version:
                raise ValueError(f"history: its last entry must tell what version {self.version} changed")
            for before, after in pairwise(self.history):
                if before.version >= after.version or before.date > after.date:
                    raise ValueError("history: versions and dates must ascend, each version once")
        for name, dataset in self.datasets.items():
            for column in dataset.columns:
                if column.since > self.version:
                    raise ValueError(f"data set {name!r}: column {column.name!r} is of a version yet to come")
        return self

    @model_validator(mode="after")
    def _refers_to_what_exists(self) -> Self:
        known = {nation.name for nation in self.nations}
        for name, dataset in self.datasets.items():
            if dataset.population not in self.populations:
                raise ValueError(f"data set {name!r}: unknown population {dataset.population!r}")
            if not known >= set(dataset.expected_units):
                raise ValueError(f"data set {name!r}: expected_units names an unknown nation")
        if any(not known >= set(total.nations) for total in self.totals):
            raise ValueError("a total names an unknown nation")
        return self

    @model_validator(mode="after")
    def _one_word_for_whom_an_account_is_about(self) -> Self:
        """Data sets of one population must mean the same by the unit that its account is charged for."""
        charged: dict[str, str] = {}
        for name, dataset in self.datasets.items():
            unit = dataset.encloses or dataset.unit
            if charged.setdefault(dataset.population, unit) != unit:
                raise ValueError(
                    f"data set {name!r}: population {dataset.population!r} is charged for one "
                    f"{charged[dataset.population]!r}; name that as its unit, or as what its unit encloses"
                )
        return self

    @cached_property
    def sha256(self) -> str:
        return content_hash(self)

    def dataset(self, name: str) -> Dataset:
        """The data set of that name. Refuses an unknown one."""
        if name not in self.datasets:
            known = ", ".join(self.datasets)
            raise Refusal(Reason.UNKNOWN_DATASET, f"there is no data set {name!r}; there are: {known}")
        return self.datasets[name]

    def with_texts(self, dataset: str, column: str, texts: tuple[str, ...]) -> "Catalogue":
        """The same with the texts of one column known."""
        datasets = {**self.datasets, dataset: self.dataset(dataset).with_texts(column, texts)}
        return Catalogue.model_construct(**{**dict(self), "datasets": datasets})

    def total_name(self, nations: frozenset[str]) -> str:
        """What a sum over these nations is called: "United Kingdom", "Great Britain", or their names in order."""
        for total in self.totals:
            if set(total.nations) == nations:
                return total.name
        return listed([nation.name for nation in self.nations if nation.name in nations])


def load(path: Path) -> Catalogue:
    """Reads a catalogue from TOML. Raises Refusal with file and key."""
    return read_file_model(Catalogue, path)
