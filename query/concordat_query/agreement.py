"""The data-sharing agreement as a file: who may ask what, at what cost, until when.

Every party holds the same TOML file; each node enforces its own copy. Not yet signed by the parties.
"""

import base64
import math
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from concordat_query.catalogue import DatasetName, Label, Name
from concordat_query.errors import Reason, Refusal
from concordat_query.files import FileModel, content_hash, read_file_model
from concordat_query.model import Calculus, Statistic
from concordat_query.rules import MAX_CELLS


def _is_key(text: str) -> str:
    if len(base64.b64decode(text, validate=True)) != 32:
        raise ValueError("not a base64 Ed25519 public key of 32 bytes")
    return text


PublicKey = Annotated[str, AfterValidator(_is_key)]
"""A raw Ed25519 public key in base64."""


class Party(FileModel):
    """One node of the federation and the nation whose data it holds."""

    node: Label
    nation: Label
    public_key: PublicKey


class Analyst(FileModel):
    name: Label
    public_key: PublicKey


def delta_steps(delta: float) -> int:
    """A delta as people write it in steps of 1e-15, rounded down."""
    return math.floor(Fraction(repr(delta)) * 10**15)


class Budget(FileModel):
    """The whole budget of a population at each node. It never renews by the clock.

    A pure one has no delta: it is epsilon with a delta of 0, and so is every price on it.
    """

    epsilon: float = Field(gt=0, le=100, allow_inf_nan=False)
    delta: float | None = Field(default=None, ge=1e-100, lt=0.01, allow_inf_nan=False)
    calculus: Calculus = Calculus.GAUSSIAN

    threshold_delta: float = Field(default=0, ge=0, lt=0.01, allow_inf_nan=False)
    """What private keys may spend beside; what is spoken of holds at `delta` and this together. 0: none is answered."""

    @model_validator(mode="after")
    def _delta_where_it_means_something(self) -> Self:
        if self.calculus is Calculus.PURE and self.delta is not None:
            raise ValueError("a budget in pure epsilon has no delta; leave it out, or leave out `calculus`")
        if self.calculus is Calculus.GAUSSIAN and self.delta is None:
            raise ValueError('state delta, for instance 1e-6; only a budget with `calculus = "pure"` has none')
        if self.calculus is Calculus.PURE and self.threshold_delta:
            raise ValueError(
                "a budget in pure epsilon has no delta for private keys to spend; leave threshold_delta out"
            )
        return self

    @property
    def threshold_delta_e15(self) -> int:
        """The same in 1e-15, rounded down."""
        return delta_steps(self.threshold_delta)

    @property
    def default_delta_e15(self) -> int:
        """What one query with a private key spends that does not say, and the most that it may where the agreement does
        not: a hundredth of the whole."""
        return self.threshold_delta_e15 // 100


class Permission(FileModel):
    """What may be asked of one data set."""

    columns: tuple[Name, ...]
    """May stand in WHERE, in aggregates and, where listed in `keys`, in GROUP BY."""
    keys: tuple[Name, ...]
    private_keys: tuple[Name, ...] = ()
    """Columns of texts that queries may group by: which texts there are is found out from data, at a price."""
    statistics: tuple[Statistic, ...]
    max_groups: int = Field(ge=1, le=1000)
    max_rows: int = Field(ge=1, le=10_000)
    max_cells: int = Field(default=MAX_CELLS, ge=1, le=MAX_CELLS)
    """That one query's keys may make; of a private key with those of the texts that are released."""
    max_epsilon: float = Field(gt=0, le=100, allow_inf_nan=False)
    """The most that one query may cost."""
    max_delta: float | None = Field(default=None, gt=0, lt=0.01, allow_inf_nan=False)
    """The most that one query with a private key may spend of its population's `threshold_delta`; a hundredth of it
    where nothing is said. More hardly lowers the threshold, and shows a lone unit's text so much more often."""


class Defaults(FileModel):
    """What a query gets that does not say otherwise."""

    epsilon: float = Field(gt=0, le=100, allow_inf_nan=False)
    max_groups: int = Field(default=1, ge=1)
    max_rows: int = Field(default=1, ge=1)


class Agreement(FileModel):
    id: Label
    version: int = Field(ge=1)
    title: str
    catalogue_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    starts: date
    expires: date
    shares_answers: bool = False
    """Whether an answer paid for by one analyst is served to another who asks the same."""
    parties: tuple[Party, ...] = Field(min_length=1)
    analysts: tuple[Analyst, ...] = Field(min_length=1)
    populations: dict[DatasetName, Budget]
    datasets: dict[DatasetName, Permission]
    defaults: Defaults

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for kind, names in (
            ("parties", [party.node for party in self.parties]),
            ("analysts", [analyst.name for analyst in self.analysts]),
            ("analysts' keys", [analyst.public_key for analyst in self.analysts]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"{kind}: one stands there twice")
        return self

    @cached_property
    def sha256(self) -> str:
        return content_hash(self)

    @cached_property
    def party_by_node(self) -> dict[str, Party]:
        return {party.node: party for party in self.parties}

    def analyst_of(self, public_key: bytes) -> Analyst:
        """The analyst whose signing key this is. Refuses an unknown key."""
        encoded = base64.b64encode(public_key).decode()
        for analyst in self.analysts:
            if analyst.public_key == encoded:
                return analyst
        raise Refusal(
            Reason.UNKNOWN_ANALYST,
            "the signing key belongs to no analyst of the agreement; ask the parties to add it",
            field="query.public_key",
        )

    def permission(self, dataset: str) -> Permission:
        """What may be asked of a data set. Refuses one that the agreement does not list."""
        if dataset not in self.datasets:
            raise Refusal(
                Reason.NOT_IN_AGREEMENT, f"the agreement does not cover data set {dataset!r}", field="query.dataset"
            )
        return self.datasets[dataset]

    def most_delta_e15(self, dataset: str, population: str) -> int:
        """The most that one query with a private key may spend of what the population has, in 1e-15."""
        stated = self.permission(dataset).max_delta
        return self.populations[population].default_delta_e15 if stated is None else delta_steps(stated)


def load(path: Path) -> Agreement:
    """Reads an agreement from TOML. Raises Refusal with file and key."""
    return read_file_model(Agreement, path)
