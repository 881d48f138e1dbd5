"""How a statistic is made of components, by their index in the plan (docs/proofs/components.md)."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Total:
    """A count or sum: the component's integer times its step."""

    component: int

    @property
    def components(self) -> tuple[int, ...]:
        return (self.component,)


@dataclass(frozen=True)
class Mean:
    """An average: the bounds' middle plus the centred sum over the rows, the rows counted as at least one."""

    rows: int
    centred: int
    middle: Fraction

    @property
    def components(self) -> tuple[int, ...]:
        return (self.rows, self.centred)


@dataclass(frozen=True)
class Spread:
    """A variance, or with `is_root` its square root, over the rows or, with `is_sample`, over the rows less one.

    Each row's square has been lessened by `offset`, in the scalar's units squared: half of its maximum.
    """

    rows: int
    centred: int
    squares: int
    offset: Fraction
    is_sample: bool
    is_root: bool

    @property
    def components(self) -> tuple[int, ...]:
        return (self.rows, self.centred, self.squares)


Part = Total | Mean | Spread
