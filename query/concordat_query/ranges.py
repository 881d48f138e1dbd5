"""Ranges of scalars' values: what may be known of them beside their types."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from concordat_query.model import Scalar


@dataclass(frozen=True)
class Range:
    """Both ends belong to it, in the scalar's own units, dates in days since 1970; None where there is no end.

    Empty where `lower` is above `upper`.
    """

    lower: Fraction | None = None
    upper: Fraction | None = None

    def met_with(self, other: "Range") -> "Range":
        """What is in both."""
        lowers = [end for end in (self.lower, other.lower) if end is not None]
        uppers = [end for end in (self.upper, other.upper) if end is not None]
        return Range(max(lowers, default=None), min(uppers, default=None))

    def joined_with(self, other: "Range") -> "Range":
        """The smallest range that holds both."""
        lower = None if self.lower is None or other.lower is None else min(self.lower, other.lower)
        upper = None if self.upper is None or other.upper is None else max(self.upper, other.upper)
        return Range(lower, upper)


Ranges = Mapping[Scalar, Range]
"""Of scalars that are not NULL."""
