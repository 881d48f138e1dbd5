"""The typed query as values: what precedes the noise (`Query`) and what follows it (`Presentation`).

Both are frozen and hashable. `concordat_query.wire` turns them into protobuf messages and back,
`concordat_query.text` writes them from SQL, `concordat_query.check` holds them against a catalogue.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class Calculus(Enum):
    """What an account counts in. All of a query is priced in its population's. The value is its name in files."""

    GAUSSIAN = "gaussian"
    """Rho, half the square of mu, of Gaussian differential privacy; noise is discrete Gaussian."""
    PURE = "pure"
    """Epsilon of pure differential privacy; noise is discrete Laplace."""


NANO = 1_000_000_000
"""Parts of one unit: budgets and prices are integers of 1e-9 rho or, in a pure account, of 1e-9 epsilon."""


class Comparator(Enum):
    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


Literal = str | Decimal | date
"""A code's label, a number in the column's own terms (never in fixed point), or a date."""


# Scalars: what one row gives. A bare str is a column by its name.


@dataclass(frozen=True)
class Value:
    """A literal within a scalar; None is NULL, which only a CASE may give."""

    literal: Literal | None


class RowOperator(Enum):
    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    DIV = "DIV"
    """Whole division, rounded towards zero."""
    MOD = "MOD"
    """What whole division leaves, with the sign of what is divided."""


@dataclass(frozen=True)
class Calculation:
    """Arithmetic on two numbers. DIV and MOD are by a whole number other than zero, on whole numbers."""

    operator: RowOperator
    left: "Scalar"
    right: "Scalar"


@dataclass(frozen=True)
class WidthBucket:
    """WIDTH_BUCKET: 1 to `count` for equal parts of [lower, upper), 0 below, `count` + 1 from `upper` on."""

    number: "Scalar"
    lower: Decimal
    upper: Decimal
    count: int


class Part(Enum):
    YEAR = "YEAR"
    QUARTER = "QUARTER"
    MONTH = "MONTH"


@dataclass(frozen=True)
class DatePart:
    """EXTRACT(part FROM day)."""

    part: Part
    day: "Scalar"


@dataclass(frozen=True)
class Case:
    """The result of the first branch whose condition is true, else `otherwise`."""

    branches: tuple[tuple["Condition", "Scalar"], ...]
    otherwise: "Scalar"


Scalar = str | Value | Calculation | WidthBucket | DatePart | Case


# Conditions


@dataclass(frozen=True)
class Comparison:
    """Two scalars are compared as their difference with 0."""

    scalar: Scalar
    comparator: Comparator
    literal: Literal


@dataclass(frozen=True)
class Membership:
    """scalar IN (literals); BETWEEN is two comparisons."""

    scalar: Scalar
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class NullTest:
    """scalar IS NULL."""

    scalar: Scalar


@dataclass(frozen=True)
class Conjunction:
    terms: tuple["Condition", ...]


@dataclass(frozen=True)
class Disjunction:
    terms: tuple["Condition", ...]


@dataclass(frozen=True)
class Negation:
    term: "Condition"


Condition = Comparison | Membership | NullTest | Conjunction | Disjunction | Negation


def columns_of(condition: Condition | None) -> frozenset[str]:
    """The columns that a condition reads."""
    match condition:
        case None:
            return frozenset()
        case Conjunction(terms) | Disjunction(terms):
            return frozenset().union(*(columns_of(term) for term in terms))
        case Negation(term):
            return columns_of(term)
        case _:
            return columns_in(condition.scalar)


def both(left: Condition | None, right: Condition | None) -> Condition | None:
    """The conjunction of two conditions, either of which may be absent."""
    if left is None or right is None:
        return left if right is None else right
    return Conjunction((left, right))


def columns_in(scalar: Scalar | None) -> frozenset[str]:
    """The columns that a scalar reads."""
    match scalar:
        case None | Value():
            return frozenset()
        case str():
            return frozenset({scalar})
        case Calculation(_, left, right):
            return columns_in(left) | columns_in(right)
        case WidthBucket(inner) | DatePart(_, inner):
            return columns_in(inner)
        case Case(branches, otherwise):
            parts = (columns_of(condition) | columns_in(result) for condition, result in branches)
            return columns_in(otherwise).union(*parts)


class Statistic(Enum):
    COUNT_ROWS = "COUNT(*)"
    COUNT_VALUES = "COUNT"
    SUM = "SUM"
    AVG = "AVG"
    COUNT_UNITS = "COUNT(DISTINCT unit)"
    VAR_SAMP = "VAR_SAMP"
    VAR_POP = "VAR_POP"
    STDDEV_SAMP = "STDDEV_SAMP"
    STDDEV_POP = "STDDEV_POP"
    COVAR_SAMP = "COVAR_SAMP"
    COVAR_POP = "COVAR_POP"
    CORR = "CORR"
    REGR_SLOPE = "REGR_SLOPE"
    REGR_INTERCEPT = "REGR_INTERCEPT"
    PERCENTILE_CONT = "PERCENTILE_CONT"


COUNTS_WITHOUT_SCALAR = frozenset({Statistic.COUNT_ROWS, Statistic.COUNT_UNITS})
SPREADS = frozenset({Statistic.VAR_SAMP, Statistic.VAR_POP, Statistic.STDDEV_SAMP, Statistic.STDDEV_POP})
OF_TWO_SCALARS = frozenset(
    {Statistic.COVAR_SAMP, Statistic.COVAR_POP, Statistic.CORR, Statistic.REGR_SLOPE, Statistic.REGR_INTERCEPT}
)

MAX_FRACTION_DECIMALS = 6
"""Of a percentile's fraction."""


def is_fraction(number: Decimal) -> bool:
    """Whether a percentile may be asked for at this fraction: from 0 to 1, written with few decimals."""
    return number.is_finite() and 0 <= number <= 1 and -int(number.as_tuple().exponent) <= MAX_FRACTION_DECIMALS


@dataclass(frozen=True)
class Aggregate:
    """One statistic per cell, of the rows for which `filter` is true.

    `scalar` is None for COUNT_ROWS and COUNT_UNITS. `over` are keys of the query that a COUNT_UNITS is summed over:
    units do not add up over cells, so such a total is a statistic of its own. Empty for all others. `other` is the
    second scalar of those of two, in SQL's order: the first of a regression is what is explained. None for all others.
    `fraction` of a percentile is from 0 to 1: 0.5 for the median. None for all others.
    """

    statistic: Statistic
    scalar: Scalar | None = None
    filter: Condition | None = None
    over: tuple[Scalar, ...] = ()
    other: Scalar | None = None
    fraction: Decimal | None = None

    @property
    def scalars(self) -> tuple[Scalar, ...]:
        return tuple(scalar for scalar in (self.scalar, self.other) if scalar is not None)


@dataclass(frozen=True)
class Query:
    """What nodes execute and what is paid for.

    `keys` have finite public domains, but for one at most: a column of texts, whose values are private. Those that
    enough units have are released at the price of `delta_e15`, in 1e-15, besides the rho; it is 0 without such a key.
    No more are than make `max_cells` cells with the other keys; 0: as many as any answer may have.
    They never hold `nation`: a node computes the same whether nations are merged or kept apart.
    `max_groups` (k) and `max_rows` (C) bound one unit's contribution: at most k cells, C rows in each.
    `price_nano` is the price: nano-rho or, where `calculus` says so, nano-epsilon.
    """

    dataset: str
    keys: tuple[Scalar, ...]
    where: Condition | None
    aggregates: tuple[Aggregate, ...]
    price_nano: int
    max_groups: int
    max_rows: int
    calculus: Calculus = Calculus.GAUSSIAN
    delta_e15: int = 0
    max_cells: int = 0


@dataclass(frozen=True)
class Envelope:
    """What the analyst signs around a query. Times are Unix seconds; `not_before` 0 means at once."""

    query: Query
    catalogue_sha256: str
    agreement_id: str
    agreement_version: int
    audience: tuple[str, ...]
    idempotency_key: str
    expires_at: int
    not_before: int = 0


@dataclass(frozen=True)
class AggregateRef:
    """The aggregate at `index` of the query's canonical aggregates."""

    index: int


@dataclass(frozen=True)
class Constant:
    number: Decimal


class Operator(Enum):
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


@dataclass(frozen=True)
class Arithmetic:
    operator: Operator
    left: "Expression"
    right: "Expression"


Expression = AggregateRef | Constant | Arithmetic
"""A figure made of aggregates, after the noise."""


@dataclass(frozen=True)
class NationColumn:
    name: str


@dataclass(frozen=True)
class KeyColumn:
    """`key` is an index into the query's keys."""

    name: str
    key: int


@dataclass(frozen=True)
class ValueColumn:
    name: str
    value: Expression


OutputColumn = NationColumn | KeyColumn | ValueColumn


@dataclass(frozen=True)
class ShownColumn:
    """The key or nation that stands in the column at `position` of `Presentation.columns`."""

    position: int


Subject = Expression | ShownColumn


@dataclass(frozen=True)
class Compared:
    subject: Subject
    comparator: Comparator
    literal: Literal


@dataclass(frozen=True)
class Listed:
    """subject IN (literals)."""

    subject: Subject
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class Lacking:
    """subject IS NULL: there is no figure, or the key is missing or summed over."""

    subject: Subject


@dataclass(frozen=True)
class AllOf:
    terms: tuple["RowCondition", ...]


@dataclass(frozen=True)
class AnyOf:
    terms: tuple["RowCondition", ...]


@dataclass(frozen=True)
class Not:
    term: "RowCondition"


RowCondition = Compared | Listed | Lacking | AllOf | AnyOf | Not
"""What HAVING asks of a row of the table."""


@dataclass(frozen=True)
class Ordering:
    """One term of ORDER BY. What has no value stands first or last whatever the direction."""

    by: Subject
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Presentation:
    """All that follows the noise. Which nations are asked stands in the envelope's audience.

    `rollup` are ROLLUP's keys as it lists them, each by the position of a column that shows it. `limit` and `offset`
    count plain rows: totals stay.
    """

    by_nation: bool
    columns: tuple[OutputColumn, ...]
    rollup: tuple[int, ...] = ()
    having: RowCondition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
