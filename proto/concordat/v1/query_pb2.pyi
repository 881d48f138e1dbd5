from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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

class Literal(_message.Message):
    __slots__ = ("text", "number")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    text: str
    number: str
    def __init__(self, text: _Optional[str] = ..., number: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("column", "comparator", "literal")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    COMPARATOR_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    column: str
    comparator: Comparator
    literal: Literal
    def __init__(self, column: _Optional[str] = ..., comparator: _Optional[_Union[Comparator, str]] = ..., literal: _Optional[_Union[Literal, _Mapping]] = ...) -> None: ...

class Membership(_message.Message):
    __slots__ = ("column", "literals")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    LITERALS_FIELD_NUMBER: _ClassVar[int]
    column: str
    literals: _containers.RepeatedCompositeFieldContainer[Literal]
    def __init__(self, column: _Optional[str] = ..., literals: _Optional[_Iterable[_Union[Literal, _Mapping]]] = ...) -> None: ...

class NullTest(_message.Message):
    __slots__ = ("column",)
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    column: str
    def __init__(self, column: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("statistic", "column", "filter")
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    statistic: Statistic
    column: str
    filter: Condition
    def __init__(self, statistic: _Optional[_Union[Statistic, str]] = ..., column: _Optional[str] = ..., filter: _Optional[_Union[Condition, _Mapping]] = ...) -> None: ...

class Query(_message.Message):
    __slots__ = ("dataset", "keys", "where", "aggregates", "rho_nano", "max_groups", "max_rows")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    WHERE_FIELD_NUMBER: _ClassVar[int]
    AGGREGATES_FIELD_NUMBER: _ClassVar[int]
    RHO_NANO_FIELD_NUMBER: _ClassVar[int]
    MAX_GROUPS_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    where: Condition
    aggregates: _containers.RepeatedCompositeFieldContainer[Aggregate]
    rho_nano: int
    max_groups: int
    max_rows: int
    def __init__(self, dataset: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., where: _Optional[_Union[Condition, _Mapping]] = ..., aggregates: _Optional[_Iterable[_Union[Aggregate, _Mapping]]] = ..., rho_nano: _Optional[int] = ..., max_groups: _Optional[int] = ..., max_rows: _Optional[int] = ...) -> None: ...

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
