from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RowOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROW_OPERATOR_UNSPECIFIED: _ClassVar[RowOperator]
    ROW_OPERATOR_PLUS: _ClassVar[RowOperator]
    ROW_OPERATOR_MINUS: _ClassVar[RowOperator]
    ROW_OPERATOR_TIMES: _ClassVar[RowOperator]
    ROW_OPERATOR_DIV: _ClassVar[RowOperator]
    ROW_OPERATOR_MOD: _ClassVar[RowOperator]

class Part(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PART_UNSPECIFIED: _ClassVar[Part]
    PART_YEAR: _ClassVar[Part]
    PART_QUARTER: _ClassVar[Part]
    PART_MONTH: _ClassVar[Part]

class Comparator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMPARATOR_UNSPECIFIED: _ClassVar[Comparator]
    COMPARATOR_EQUAL: _ClassVar[Comparator]
    COMPARATOR_NOT_EQUAL: _ClassVar[Comparator]
    COMPARATOR_LESS: _ClassVar[Comparator]
    COMPARATOR_LESS_OR_EQUAL: _ClassVar[Comparator]
    COMPARATOR_GREATER: _ClassVar[Comparator]
    COMPARATOR_GREATER_OR_EQUAL: _ClassVar[Comparator]

class Statistic(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATISTIC_UNSPECIFIED: _ClassVar[Statistic]
    STATISTIC_COUNT_ROWS: _ClassVar[Statistic]
    STATISTIC_COUNT_VALUES: _ClassVar[Statistic]
    STATISTIC_SUM: _ClassVar[Statistic]
    STATISTIC_AVG: _ClassVar[Statistic]
    STATISTIC_COUNT_UNITS: _ClassVar[Statistic]
    STATISTIC_VAR_SAMP: _ClassVar[Statistic]
    STATISTIC_VAR_POP: _ClassVar[Statistic]
    STATISTIC_STDDEV_SAMP: _ClassVar[Statistic]
    STATISTIC_STDDEV_POP: _ClassVar[Statistic]
    STATISTIC_COVAR_SAMP: _ClassVar[Statistic]
    STATISTIC_COVAR_POP: _ClassVar[Statistic]
    STATISTIC_CORR: _ClassVar[Statistic]
    STATISTIC_REGR_SLOPE: _ClassVar[Statistic]
    STATISTIC_REGR_INTERCEPT: _ClassVar[Statistic]
    STATISTIC_PERCENTILE_CONT: _ClassVar[Statistic]

class Calculus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALCULUS_UNSPECIFIED: _ClassVar[Calculus]
    CALCULUS_GAUSSIAN: _ClassVar[Calculus]
    CALCULUS_PURE: _ClassVar[Calculus]
ROW_OPERATOR_UNSPECIFIED: RowOperator
ROW_OPERATOR_PLUS: RowOperator
ROW_OPERATOR_MINUS: RowOperator
ROW_OPERATOR_TIMES: RowOperator
ROW_OPERATOR_DIV: RowOperator
ROW_OPERATOR_MOD: RowOperator
PART_UNSPECIFIED: Part
PART_YEAR: Part
PART_QUARTER: Part
PART_MONTH: Part
COMPARATOR_UNSPECIFIED: Comparator
COMPARATOR_EQUAL: Comparator
COMPARATOR_NOT_EQUAL: Comparator
COMPARATOR_LESS: Comparator
COMPARATOR_LESS_OR_EQUAL: Comparator
COMPARATOR_GREATER: Comparator
COMPARATOR_GREATER_OR_EQUAL: Comparator
STATISTIC_UNSPECIFIED: Statistic
STATISTIC_COUNT_ROWS: Statistic
STATISTIC_COUNT_VALUES: Statistic
STATISTIC_SUM: Statistic
STATISTIC_AVG: Statistic
STATISTIC_COUNT_UNITS: Statistic
STATISTIC_VAR_SAMP: Statistic
STATISTIC_VAR_POP: Statistic
STATISTIC_STDDEV_SAMP: Statistic
STATISTIC_STDDEV_POP: Statistic
STATISTIC_COVAR_SAMP: Statistic
STATISTIC_COVAR_POP: Statistic
STATISTIC_CORR: Statistic
STATISTIC_REGR_SLOPE: Statistic
STATISTIC_REGR_INTERCEPT: Statistic
STATISTIC_PERCENTILE_CONT: Statistic
CALCULUS_UNSPECIFIED: Calculus
CALCULUS_GAUSSIAN: Calculus
CALCULUS_PURE: Calculus

class Literal(_message.Message):
    __slots__ = ("text", "number", "date")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    text: str
    number: str
    date: str
    def __init__(self, text: _Optional[str] = ..., number: _Optional[str] = ..., date: _Optional[str] = ...) -> None: ...

class Scalar(_message.Message):
    __slots__ = ("column", "literal", "null", "calculation", "width_bucket", "date_part", "case")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    NULL_FIELD_NUMBER: _ClassVar[int]
    CALCULATION_FIELD_NUMBER: _ClassVar[int]
    WIDTH_BUCKET_FIELD_NUMBER: _ClassVar[int]
    DATE_PART_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    column: str
    literal: Literal
    null: bool
    calculation: Calculation
    width_bucket: WidthBucket
    date_part: DatePart
    case: Case
    def __init__(self, column: _Optional[str] = ..., literal: _Optional[_Union[Literal, _Mapping]] = ..., null: _Optional[bool] = ..., calculation: _Optional[_Union[Calculation, _Mapping]] = ..., width_bucket: _Optional[_Union[WidthBucket, _Mapping]] = ..., date_part: _Optional[_Union[DatePart, _Mapping]] = ..., case: _Optional[_Union[Case, _Mapping]] = ...) -> None: ...

class Calculation(_message.Message):
    __slots__ = ("operator", "left", "right")
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: RowOperator
    left: Scalar
    right: Scalar
    def __init__(self, operator: _Optional[_Union[RowOperator, str]] = ..., left: _Optional[_Union[Scalar, _Mapping]] = ..., right: _Optional[_Union[Scalar, _Mapping]] = ...) -> None: ...

class WidthBucket(_message.Message):
    __slots__ = ("number", "lower", "upper", "count")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    number: Scalar
    lower: str
    upper: str
    count: int
    def __init__(self, number: _Optional[_Union[Scalar, _Mapping]] = ..., lower: _Optional[str] = ..., upper: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class DatePart(_message.Message):
    __slots__ = ("part", "day")
    PART_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    part: Part
    day: Scalar
    def __init__(self, part: _Optional[_Union[Part, str]] = ..., day: _Optional[_Union[Scalar, _Mapping]] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("branches", "otherwise")
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    OTHERWISE_FIELD_NUMBER: _ClassVar[int]
    branches: _containers.RepeatedCompositeFieldContainer[Branch]
    otherwise: Scalar
    def __init__(self, branches: _Optional[_Iterable[_Union[Branch, _Mapping]]] = ..., otherwise: _Optional[_Union[Scalar, _Mapping]] = ...) -> None: ...

class Branch(_message.Message):
    __slots__ = ("condition", "result")
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    condition: Condition
    result: Scalar
    def __init__(self, condition: _Optional[_Union[Condition, _Mapping]] = ..., result: _Optional[_Union[Scalar, _Mapping]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("comparison", "membership", "null_test", "conjunction", "disjunction", "negation")
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    NULL_TEST_FIELD_NUMBER: _ClassVar[int]
    CONJUNCTION_FIELD_NUMBER: _ClassVar[int]
    DISJUNCTION_FIELD_NUMBER: _ClassVar[int]
    NEGATION_FIELD_NUMBER: _ClassVar[int]
    comparison: Comparison
    membership: Membership
    null_test: NullTest
    conjunction: Conjunction
    disjunction: Disjunction
    negation: Negation
    def __init__(self, comparison: _Optional[_Union[Comparison, _Mapping]] = ..., membership: _Optional[_Union[Membership, _Mapping]] = ..., null_test: _Optional[_Union[NullTest, _Mapping]] = ..., conjunction: _Optional[_Union[Conjunction, _Mapping]] = ..., disjunction: _Optional[_Union[Disjunction, _Mapping]] = ..., negation: _Optional[_Union[Negation, _Mapping]] = ...) -> None: ...

class Comparison(_message.Message):
    __slots__ = ("scalar", "comparator", "literal")
    SCALAR_FIELD_NUMBER: _ClassVar[int]
    COMPARATOR_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    scalar: Scalar
    comparator: Comparator
    literal: Literal
    def __init__(self, scalar: _Optional[_Union[Scalar, _Mapping]] = ..., comparator: _Optional[_Union[Comparator, str]] = ..., literal: _Optional[_Union[Literal, _Mapping]] = ...) -> None: ...

class Membership(_message.Message):
    __slots__ = ("scalar", "literals")
    SCALAR_FIELD_NUMBER: _ClassVar[int]
    LITERALS_FIELD_NUMBER: _ClassVar[int]
    scalar: Scalar
    literals: _containers.RepeatedCompositeFieldContainer[Literal]
    def __init__(self, scalar: _Optional[_Union[Scalar, _Mapping]] = ..., literals: _Optional[_Iterable[_Union[Literal, _Mapping]]] = ...) -> None: ...

class NullTest(_message.Message):
    __slots__ = ("scalar",)
    SCALAR_FIELD_NUMBER: _ClassVar[int]
    scalar: Scalar
    def __init__(self, scalar: _Optional[_Union[Scalar, _Mapping]] = ...) -> None: ...

class Conjunction(_message.Message):
    __slots__ = ("terms",)
    TERMS_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, terms: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class Disjunction(_message.Message):
    __slots__ = ("terms",)
    TERMS_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, terms: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class Negation(_message.Message):
    __slots__ = ("term",)
    TERM_FIELD_NUMBER: _ClassVar[int]
    term: Condition
    def __init__(self, term: _Optional[_Union[Condition, _Mapping]] = ...) -> None: ...

class Aggregate(_message.Message):
    __slots__ = ("statistic", "scalar", "filter", "over", "other", "fraction")
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    SCALAR_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    OVER_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    statistic: Statistic
    scalar: Scalar
    filter: Condition
    over: _containers.RepeatedCompositeFieldContainer[Scalar]
    other: Scalar
    fraction: str
    def __init__(self, statistic: _Optional[_Union[Statistic, str]] = ..., scalar: _Optional[_Union[Scalar, _Mapping]] = ..., filter: _Optional[_Union[Condition, _Mapping]] = ..., over: _Optional[_Iterable[_Union[Scalar, _Mapping]]] = ..., other: _Optional[_Union[Scalar, _Mapping]] = ..., fraction: _Optional[str] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("dataset", "keys", "where", "aggregates", "price_nano", "max_groups", "max_rows", "calculus", "delta_e15", "max_cells")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    MAX_GROUPS_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    CALCULUS_FIELD_NUMBER: _ClassVar[int]
    DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    MAX_CELLS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    keys: _containers.RepeatedCompositeFieldContainer[Scalar]
    where: Condition
    aggregates: _containers.RepeatedCompositeFieldContainer[Aggregate]
    price_nano: int
    max_groups: int
    max_rows: int
    calculus: Calculus
    delta_e15: int
    max_cells: int
    def __init__(self, dataset: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[Scalar, _Mapping]]] = ..., where: _Optional[_Union[Condition, _Mapping]] = ..., aggregates: _Optional[_Iterable[_Union[Aggregate, _Mapping]]] = ..., price_nano: _Optional[int] = ..., max_groups: _Optional[int] = ..., max_rows: _Optional[int] = ..., calculus: _Optional[_Union[Calculus, str]] = ..., delta_e15: _Optional[int] = ..., max_cells: _Optional[int] = ...) -> None: ...

class QueryEnvelope(_message.Message):
    __slots__ = ("query", "catalogue_sha256", "agreement_id", "agreement_version", "audience", "idempotency_key", "expires_at", "not_before")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_SHA256_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    query: Query
    catalogue_sha256: str
    agreement_id: str
    agreement_version: int
    audience: _containers.RepeatedScalarFieldContainer[str]
    idempotency_key: str
    expires_at: int
    not_before: int
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., catalogue_sha256: _Optional[str] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., audience: _Optional[_Iterable[str]] = ..., idempotency_key: _Optional[str] = ..., expires_at: _Optional[int] = ..., not_before: _Optional[int] = ...) -> None: ...

class SignedQuery(_message.Message):
    __slots__ = ("envelope", "public_key", "signature")
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    envelope: bytes
    public_key: bytes
    signature: bytes
    def __init__(self, envelope: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Credentials(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...
