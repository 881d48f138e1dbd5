"""Conditions and scalars as SQL over an edition's integers.

Codes are compared by their index, numbers in fixed point, dates as days. Only integers and quoted names from the
catalogue enter the text; an analyst's words never do. SQL's own three-valued logic then gives what
`concordat_query.row_values` says. Every expression is total: a scalar's type bounds it, and nothing divides by zero.
"""

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    Calculation,
    Case,
    Comparator,
    Comparison,
    Condition,
    Conjunction,
    DatePart,
    Disjunction,
    Literal,
    Membership,
    Negation,
    NullTest,
    RowOperator,
    Scalar,
    Value,
    WidthBucket,
)
from concordat_query.scalar_types import ScalarType, bucket_decimals, type_of


def quoted(dataset: Dataset, name: str) -> str:
    """A column's name as SQL. Refuses one that the catalogue does not have."""
    return '"' + dataset.column(name).name + '"'


def scalar_sql(dataset: Dataset, scalar: Scalar) -> str:
    """An integer SQL expression, as `scalar`'s type stores it. Refuses what has no type."""
    kind = type_of(scalar, dataset)
    match scalar:
        case str():
            return quoted(dataset, scalar)
        case Value():
            return _literal_sql(scalar, kind)
        case Calculation():
            return _calculation_sql(dataset, scalar, kind)
        case WidthBucket():
            return _bucket_sql(dataset, scalar)
        case DatePart(part, day):
            return (
                f"CAST({part.value.lower()}(DATE '1970-01-01' + CAST({scalar_sql(dataset, day)} AS INTEGER)) AS BIGINT)"
            )
        case Case(branches, otherwise):
            whens = (
                f"WHEN {condition_sql(dataset, condition)} THEN {_result_sql(dataset, result, kind)}"
                for condition, result in branches
            )
            return f"(CASE {' '.join(whens)} ELSE {_result_sql(dataset, otherwise, kind)} END)"


def _literal_sql(value: Value, kind: ScalarType) -> str:
    return "NULL" if value.literal is None else f"CAST({kind.stored(value.literal)} AS BIGINT)"


def _result_sql(dataset: Dataset, result: Scalar, kind: ScalarType) -> str:
    """A result of a CASE of this type: codes are numbered, and decimals counted, over all of its results."""
    if isinstance(result, Value):
        return _literal_sql(result, kind)
    return _with_decimals(dataset, result, kind.decimals)


def _with_decimals(dataset: Dataset, scalar: Scalar, decimals: int) -> str:
    factor = 10 ** (decimals - type_of(scalar, dataset).decimals)
    text = f"CAST({scalar_sql(dataset, scalar)} AS BIGINT)"
    return text if factor == 1 else f"({text} * {factor})"


def _calculation_sql(dataset: Dataset, scalar: Calculation, kind: ScalarType) -> str:
    if scalar.operator in (RowOperator.PLUS, RowOperator.MINUS):
        left, right = (_with_decimals(dataset, side, kind.decimals) for side in (scalar.left, scalar.right))
        return f"({left} {scalar.operator.value} {right})"
    left, right = (f"CAST({scalar_sql(dataset, side)} AS BIGINT)" for side in (scalar.left, scalar.right))
    sign = {RowOperator.TIMES: "*", RowOperator.DIV: "//", RowOperator.MOD: "%"}[scalar.operator]
    return f"({left} {sign} {right})"


def _bucket_sql(dataset: Dataset, scalar: WidthBucket) -> str:
    decimals = bucket_decimals(scalar, type_of(scalar.number, dataset))
    number = _with_decimals(dataset, scalar.number, decimals)
    lower, upper = (int(bound.scaleb(decimals)) for bound in (scalar.lower, scalar.upper))
    inside = f"(({number} - ({lower})) * {scalar.count}) // {upper - lower} + 1"
    return (
        f"(CASE WHEN {number} IS NULL THEN NULL WHEN {number} < {lower} THEN 0 "
        f"WHEN {number} >= {upper} THEN {scalar.count + 1} ELSE {inside} END)"
    )


def condition_sql(dataset: Dataset, condition: Condition) -> str:
    """A boolean SQL expression over the columns of an edition. Refuses unknown columns and codes, and wrong types."""
    match condition:
        case Conjunction(terms):
            return "(" + " AND ".join(condition_sql(dataset, term) for term in terms) + ")"
        case Disjunction(terms):
            return "(" + " OR ".join(condition_sql(dataset, term) for term in terms) + ")"
        case Negation(term):
            return f"(NOT {condition_sql(dataset, term)})"
        case NullTest(scalar):
            return f"({scalar_sql(dataset, scalar)} IS NULL)"
        case Comparison(scalar, comparator, literal):
            sign, number = _comparison(type_of(scalar, dataset), comparator, literal)
            return f"({scalar_sql(dataset, scalar)} {sign} {number})"
        case Membership(scalar, literals):
            kind = type_of(scalar, dataset)
            numbers = sorted({_exact(kind, literal) for literal in literals})
            return f"({scalar_sql(dataset, scalar)} IN ({', '.join(str(number) for number in numbers)}))"


def _comparison(kind: ScalarType, comparator: Comparator, literal: Literal) -> tuple[str, int]:
    """The comparison over stored integers that is true where scalar <comparator> literal is."""
    if comparator in (Comparator.EQUAL, Comparator.NOT_EQUAL):
        return comparator.value, _exact(kind, literal)
    scaled = _scaled(kind, literal)
    rounded = ceil(scaled) if comparator in (Comparator.LESS, Comparator.GREATER_OR_EQUAL) else floor(scaled)
    return comparator.value, min(max(rounded, kind.lower - 1), kind.upper + 1)


def _exact(kind: ScalarType, literal: Literal) -> int:
    """What is stored for exactly this literal; one above all that is stored where nothing can equal it."""
    if kind.kind == "code":
        return _code(kind, literal)
    scaled = _scaled(kind, literal)
    within = scaled.denominator == 1 and kind.lower <= scaled <= kind.upper
    return int(scaled) if within else kind.upper + 1


def _code(kind: ScalarType, literal: Literal) -> int:
    if not isinstance(literal, str):
        raise _wrong_type("compare codes with one of them by = or IN")
    if literal not in kind.codes:
        raise Refusal(Reason.UNKNOWN_CODE, "there is no such code", field="query.where")
    return kind.codes.index(literal)


def _scaled(kind: ScalarType, literal: Literal) -> Fraction:
    """The literal as the type stores it, fractions of a step included."""
    if kind.kind == "date" and not isinstance(literal, str | Decimal):
        return Fraction(kind.stored(literal))
    if kind.kind != "number" or not isinstance(literal, Decimal):
        raise _wrong_type("codes have no order; compare numbers with numbers and dates with dates")
    return Fraction(literal) * Fraction(10) ** kind.decimals


def _wrong_type(advice: str) -> Refusal:
    return Refusal(Reason.WRONG_TYPE, advice, field="query.where")
