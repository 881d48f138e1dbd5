"""How a statistic is made of components, by their index in the plan (docs/proofs/components.md)."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction


@dataclass(frozen=True)
class Total:
    """A count, or a sum with a component of its own: the component's integer times its step."""

    component: int

    @property
    def components(self) -> tuple[int, ...]:
        return (self.component,)


@dataclass(frozen=True)
class Sum:
    """A sum where the rows are released anyway: the bounds' middle for each of them, and the centred sum.

    `half` is half of the distance between the bounds.
    """

    rows: int
    centred: int
    middle: Fraction
    half: Fraction

    @property
    def components(self) -> tuple[int, ...]:
        return (self.rows, self.centred)


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


class Joint(Enum):
    """What a pair of values gives."""

    COVARIANCE_OF_SAMPLE = "covariance of a sample"
    COVARIANCE = "covariance"
    CORRELATION = "correlation"
    SLOPE = "slope"
    INTERCEPT = "intercept"


@dataclass(frozen=True)
class Side:
    """One value of a pair. `squares`, with `offset` as in `Spread`, only where its variance is needed."""

    centred: int
    middle: Fraction
    squares: int | None
    offset: Fraction


@dataclass(frozen=True)
class Pair:
    """What two values have in common, over the rows that hold both; `first` is what a regression explains."""

    joint: Joint
    rows: int
    first: Side
    second: Side
    products: int

    @property
    def components(self) -> tuple[int, ...]:
        sides = (self.first.centred, self.first.squares, self.second.centred, self.second.squares)
        return (self.rows, *(index for index in sides if index is not None), self.products)

    @property
    def variances(self) -> tuple[Spread, ...]:
        """Of the sides: the pair divides by them."""
        return tuple(
            Spread(self.rows, side.centred, side.squares, side.offset, is_sample=False, is_root=False)
            for side in (self.first, self.second)
            if side.squares is not None
        )


@dataclass(frozen=True)
class Percentile:
    """The value below which a fraction of the rows lie, as PERCENTILE_CONT interpolates it.

    Read off cumulative counts over bins that start at `lower` and are `bin` apart, in the scalar's units; where a bin
    holds several values (`is_coarse`) they are taken to be evenly spread over it. Its values span `span`.
    """

    component: int
    fraction: Fraction
    lower: Fraction
    bin: Fraction
    is_coarse: bool
    span: Fraction

    @property
    def components(self) -> tuple[int, ...]:
        return (self.component,)

    @property
    def size(self) -> "Size":
        return Size(self.component)


@dataclass(frozen=True)
class Size:
    """The rows of which a percentile is taken: the last of its cumulative counts."""

    component: int

    @property
    def components(self) -> tuple[int, ...]:
        return (self.component,)


Part = Total | Sum | Mean | Spread | Pair | Percentile | Size
