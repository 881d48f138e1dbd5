from concordat.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("node", "nation", "catalogue_sha256", "agreement_id", "agreement_version", "holdings", "head", "software_version")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NATION_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_SHA256_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    HOLDINGS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    node: str
    nation: str
    catalogue_sha256: str
    agreement_id: str
    agreement_version: int
    holdings: _containers.RepeatedCompositeFieldContainer[Holding]
    head: SignedHead
    software_version: str
    def __init__(self, node: _Optional[str] = ..., nation: _Optional[str] = ..., catalogue_sha256: _Optional[str] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., holdings: _Optional[_Iterable[_Union[Holding, _Mapping]]] = ..., head: _Optional[_Union[SignedHead, _Mapping]] = ..., software_version: _Optional[str] = ...) -> None: ...

class Holding(_message.Message):
    __slots__ = ("dataset", "definition_sha256", "mapping_sha256", "coverage", "edition", "differences", "profile")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_SHA256_FIELD_NUMBER: _ClassVar[int]
    MAPPING_SHA256_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    definition_sha256: str
    mapping_sha256: str
    coverage: Coverage
    edition: Edition
    differences: _containers.RepeatedScalarFieldContainer[str]
    profile: SignedProfile
    def __init__(self, dataset: _Optional[str] = ..., definition_sha256: _Optional[str] = ..., mapping_sha256: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., edition: _Optional[_Union[Edition, _Mapping]] = ..., differences: _Optional[_Iterable[str]] = ..., profile: _Optional[_Union[SignedProfile, _Mapping]] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("rows", "columns")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    rows: _query_pb2.Condition
    columns: _containers.RepeatedCompositeFieldContainer[ColumnCoverage]
    def __init__(self, rows: _Optional[_Union[_query_pb2.Condition, _Mapping]] = ..., columns: _Optional[_Iterable[_Union[ColumnCoverage, _Mapping]]] = ...) -> None: ...

class ColumnCoverage(_message.Message):
    __slots__ = ("column", "held", "rows", "difference")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    column: str
    held: bool
    rows: _query_pb2.Condition
    difference: str
    def __init__(self, column: _Optional[str] = ..., held: _Optional[bool] = ..., rows: _Optional[_Union[_query_pb2.Condition, _Mapping]] = ..., difference: _Optional[str] = ...) -> None: ...

class Edition(_message.Message):
    __slots__ = ("id", "commitment")
    ID_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    id: str
    commitment: bytes
    def __init__(self, id: _Optional[str] = ..., commitment: _Optional[bytes] = ...) -> None: ...

class ProfileRequest(_message.Message):
    __slots__ = ("dataset", "definition_sha256", "keys", "max_groups", "max_rows", "price_nano", "calculus")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_SHA256_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    MAX_GROUPS_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    CALCULUS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    definition_sha256: str
    keys: _containers.RepeatedScalarFieldContainer[str]
    max_groups: int
    max_rows: int
    price_nano: int
    calculus: _query_pb2.Calculus
    def __init__(self, dataset: _Optional[str] = ..., definition_sha256: _Optional[str] = ..., keys: _Optional[_Iterable[str]] = ..., max_groups: _Optional[int] = ..., max_rows: _Optional[int] = ..., price_nano: _Optional[int] = ..., calculus: _Optional[_Union[_query_pb2.Calculus, str]] = ...) -> None: ...

class SignedProfile(_message.Message):
    __slots__ = ("profile", "signature")
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    profile: bytes
    signature: bytes
    def __init__(self, profile: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Profile(_message.Message):
    __slots__ = ("node", "request", "edition", "mapping_sha256", "coverage", "mechanism", "components", "head")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    MAPPING_SHA256_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    MECHANISM_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    node: str
    request: ProfileRequest
    edition: Edition
    mapping_sha256: str
    coverage: Coverage
    mechanism: str
    components: _containers.RepeatedCompositeFieldContainer[Component]
    head: SignedHead
    def __init__(self, node: _Optional[str] = ..., request: _Optional[_Union[ProfileRequest, _Mapping]] = ..., edition: _Optional[_Union[Edition, _Mapping]] = ..., mapping_sha256: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., mechanism: _Optional[str] = ..., components: _Optional[_Iterable[_Union[Component, _Mapping]]] = ..., head: _Optional[_Union[SignedHead, _Mapping]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("query", "credentials")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    credentials: _query_pb2.Credentials
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("quote",)
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    quote: Quote
    def __init__(self, quote: _Optional[_Union[Quote, _Mapping]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("node", "price_nano", "stored_answer", "nothing_held", "edition", "coverage", "differences", "account", "delta_e15")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    STORED_ANSWER_FIELD_NUMBER: _ClassVar[int]
    NOTHING_HELD_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    node: str
    price_nano: int
    stored_answer: bool
    nothing_held: bool
    edition: Edition
    coverage: Coverage
    differences: _containers.RepeatedScalarFieldContainer[str]
    account: AccountBalance
    delta_e15: int
    def __init__(self, node: _Optional[str] = ..., price_nano: _Optional[int] = ..., stored_answer: _Optional[bool] = ..., nothing_held: _Optional[bool] = ..., edition: _Optional[_Union[Edition, _Mapping]] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., differences: _Optional[_Iterable[str]] = ..., account: _Optional[_Union[AccountBalance, _Mapping]] = ..., delta_e15: _Optional[int] = ...) -> None: ...

class AccountBalance(_message.Message):
    __slots__ = ("population", "budget_nano", "spent_nano", "reserved_nano", "delta", "calculus", "budget_delta_e15", "spent_delta_e15", "reserved_delta_e15")
    POPULATION_FIELD_NUMBER: _ClassVar[int]
    BUDGET_NANO_FIELD_NUMBER: _ClassVar[int]
    SPENT_NANO_FIELD_NUMBER: _ClassVar[int]
    RESERVED_NANO_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    CALCULUS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    SPENT_DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    RESERVED_DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    population: str
    budget_nano: int
    spent_nano: int
    reserved_nano: int
    delta: float
    calculus: _query_pb2.Calculus
    budget_delta_e15: int
    spent_delta_e15: int
    reserved_delta_e15: int
    def __init__(self, population: _Optional[str] = ..., budget_nano: _Optional[int] = ..., spent_nano: _Optional[int] = ..., reserved_nano: _Optional[int] = ..., delta: _Optional[float] = ..., calculus: _Optional[_Union[_query_pb2.Calculus, str]] = ..., budget_delta_e15: _Optional[int] = ..., spent_delta_e15: _Optional[int] = ..., reserved_delta_e15: _Optional[int] = ...) -> None: ...

class PrepareRequest(_message.Message):
    __slots__ = ("query", "credentials", "agreement_version", "catalogue_sha256", "witnessed")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_SHA256_FIELD_NUMBER: _ClassVar[int]
    WITNESSED_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    credentials: _query_pb2.Credentials
    agreement_version: int
    catalogue_sha256: str
    witnessed: _containers.RepeatedCompositeFieldContainer[SignedHead]
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ..., agreement_version: _Optional[int] = ..., catalogue_sha256: _Optional[str] = ..., witnessed: _Optional[_Iterable[_Union[SignedHead, _Mapping]]] = ...) -> None: ...

class PrepareResponse(_message.Message):
    __slots__ = ("quote", "reservation", "reserved_until", "declaration", "delivery")
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    RESERVED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    quote: Quote
    reservation: str
    reserved_until: int
    declaration: SignedDeclaration
    delivery: SignedDelivery
    def __init__(self, quote: _Optional[_Union[Quote, _Mapping]] = ..., reservation: _Optional[str] = ..., reserved_until: _Optional[int] = ..., declaration: _Optional[_Union[SignedDeclaration, _Mapping]] = ..., delivery: _Optional[_Union[SignedDelivery, _Mapping]] = ...) -> None: ...

class SignedDeclaration(_message.Message):
    __slots__ = ("declaration", "signature")
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    declaration: bytes
    signature: bytes
    def __init__(self, declaration: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Declaration(_message.Message):
    __slots__ = ("node", "query_sha256", "catalogue_sha256", "mapping_sha256", "coverage", "differences")
    NODE_FIELD_NUMBER: _ClassVar[int]
    QUERY_SHA256_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_SHA256_FIELD_NUMBER: _ClassVar[int]
    MAPPING_SHA256_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    node: str
    query_sha256: bytes
    catalogue_sha256: str
    mapping_sha256: str
    coverage: Coverage
    differences: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[str] = ..., query_sha256: _Optional[bytes] = ..., catalogue_sha256: _Optional[str] = ..., mapping_sha256: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., differences: _Optional[_Iterable[str]] = ...) -> None: ...

class SignedDelivery(_message.Message):
    __slots__ = ("delivery", "signature")
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    delivery: bytes
    signature: bytes
    def __init__(self, delivery: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("node", "request_sha256", "content_sha256", "charged_nano", "agreement_id", "agreement_version", "charged_delta_e15")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    CHARGED_NANO_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARGED_DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    node: str
    request_sha256: bytes
    content_sha256: bytes
    charged_nano: int
    agreement_id: str
    agreement_version: int
    charged_delta_e15: int
    def __init__(self, node: _Optional[str] = ..., request_sha256: _Optional[bytes] = ..., content_sha256: _Optional[bytes] = ..., charged_nano: _Optional[int] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., charged_delta_e15: _Optional[int] = ...) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("query", "reservation", "participants", "credentials")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    reservation: str
    participants: _containers.RepeatedScalarFieldContainer[str]
    credentials: _query_pb2.Credentials
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., reservation: _Optional[str] = ..., participants: _Optional[_Iterable[str]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("answer", "held_until", "declaration", "delivery")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    HELD_UNTIL_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    answer: SignedAnswer
    held_until: int
    declaration: SignedDeclaration
    delivery: SignedDelivery
    def __init__(self, answer: _Optional[_Union[SignedAnswer, _Mapping]] = ..., held_until: _Optional[int] = ..., declaration: _Optional[_Union[SignedDeclaration, _Mapping]] = ..., delivery: _Optional[_Union[SignedDelivery, _Mapping]] = ...) -> None: ...

class CancelRequest(_message.Message):
    __slots__ = ("query", "reservation")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    reservation: str
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., reservation: _Optional[str] = ...) -> None: ...

class CancelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBudgetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetBudgetResponse(_message.Message):
    __slots__ = ("node", "accounts")
    NODE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    node: str
    accounts: _containers.RepeatedCompositeFieldContainer[AccountBalance]
    def __init__(self, node: _Optional[str] = ..., accounts: _Optional[_Iterable[_Union[AccountBalance, _Mapping]]] = ...) -> None: ...

class SignedAnswer(_message.Message):
    __slots__ = ("answer", "signature")
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    answer: bytes
    signature: bytes
    def __init__(self, answer: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Answer(_message.Message):
    __slots__ = ("node", "query_sha256", "catalogue_sha256", "agreement_id", "agreement_version", "edition", "definition_sha256", "mapping_sha256", "coverage", "differences", "price_nano", "mechanism", "participants", "components", "head", "not_before", "delta_e15")
    NODE_FIELD_NUMBER: _ClassVar[int]
    QUERY_SHA256_FIELD_NUMBER: _ClassVar[int]
    CATALOGUE_SHA256_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_SHA256_FIELD_NUMBER: _ClassVar[int]
    MAPPING_SHA256_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    MECHANISM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANTS_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    NOT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    node: str
    query_sha256: bytes
    catalogue_sha256: str
    agreement_id: str
    agreement_version: int
    edition: Edition
    definition_sha256: str
    mapping_sha256: str
    coverage: Coverage
    differences: _containers.RepeatedScalarFieldContainer[str]
    price_nano: int
    mechanism: str
    participants: _containers.RepeatedScalarFieldContainer[str]
    components: _containers.RepeatedCompositeFieldContainer[Component]
    head: SignedHead
    not_before: int
    delta_e15: int
    def __init__(self, node: _Optional[str] = ..., query_sha256: _Optional[bytes] = ..., catalogue_sha256: _Optional[str] = ..., agreement_id: _Optional[str] = ..., agreement_version: _Optional[int] = ..., edition: _Optional[_Union[Edition, _Mapping]] = ..., definition_sha256: _Optional[str] = ..., mapping_sha256: _Optional[str] = ..., coverage: _Optional[_Union[Coverage, _Mapping]] = ..., differences: _Optional[_Iterable[str]] = ..., price_nano: _Optional[int] = ..., mechanism: _Optional[str] = ..., participants: _Optional[_Iterable[str]] = ..., components: _Optional[_Iterable[_Union[Component, _Mapping]]] = ..., head: _Optional[_Union[SignedHead, _Mapping]] = ..., not_before: _Optional[int] = ..., delta_e15: _Optional[int] = ...) -> None: ...

class Component(_message.Message):
    __slots__ = ("index", "scale", "values", "texts")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    index: int
    scale: float
    values: _containers.RepeatedScalarFieldContainer[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, index: _Optional[int] = ..., scale: _Optional[float] = ..., values: _Optional[_Iterable[int]] = ..., texts: _Optional[_Iterable[str]] = ...) -> None: ...

class SignedHead(_message.Message):
    __slots__ = ("head", "signature")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    head: bytes
    signature: bytes
    def __init__(self, head: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class Head(_message.Message):
    __slots__ = ("node", "epoch", "sequence", "hash", "spend")
    NODE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    SPEND_FIELD_NUMBER: _ClassVar[int]
    node: str
    epoch: int
    sequence: int
    hash: bytes
    spend: _containers.RepeatedCompositeFieldContainer[AccountSpend]
    def __init__(self, node: _Optional[str] = ..., epoch: _Optional[int] = ..., sequence: _Optional[int] = ..., hash: _Optional[bytes] = ..., spend: _Optional[_Iterable[_Union[AccountSpend, _Mapping]]] = ...) -> None: ...

class AccountSpend(_message.Message):
    __slots__ = ("population", "spent_nano", "calculus", "spent_delta_e15")
    POPULATION_FIELD_NUMBER: _ClassVar[int]
    SPENT_NANO_FIELD_NUMBER: _ClassVar[int]
    CALCULUS_FIELD_NUMBER: _ClassVar[int]
    SPENT_DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    population: str
    spent_nano: int
    calculus: _query_pb2.Calculus
    spent_delta_e15: int
    def __init__(self, population: _Optional[str] = ..., spent_nano: _Optional[int] = ..., calculus: _Optional[_Union[_query_pb2.Calculus, str]] = ..., spent_delta_e15: _Optional[int] = ...) -> None: ...
