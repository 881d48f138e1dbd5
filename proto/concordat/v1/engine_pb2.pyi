from concordat.v1 import node_pb2 as _node_pb2
from concordat.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Receipt(_message.Message):
    __slots__ = ("node", "query_sha256", "edition", "price_nano", "sequence", "calculus", "delta_e15")
    NODE_FIELD_NUMBER: _ClassVar[int]
    QUERY_SHA256_FIELD_NUMBER: _ClassVar[int]
    EDITION_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    CALCULUS_FIELD_NUMBER: _ClassVar[int]
    DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    node: str
    query_sha256: bytes
    edition: str
    price_nano: int
    sequence: int
    calculus: _query_pb2.Calculus
    delta_e15: int
    def __init__(self, node: _Optional[str] = ..., query_sha256: _Optional[bytes] = ..., edition: _Optional[str] = ..., price_nano: _Optional[int] = ..., sequence: _Optional[int] = ..., calculus: _Optional[_Union[_query_pb2.Calculus, str]] = ..., delta_e15: _Optional[int] = ...) -> None: ...

class SignedReceipt(_message.Message):
    __slots__ = ("receipt", "signature")
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    receipt: bytes
    signature: bytes
    def __init__(self, receipt: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class EngineRequest(_message.Message):
    __slots__ = ("query", "profile", "receipt")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    profile: _node_pb2.ProfileRequest
    receipt: SignedReceipt
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., profile: _Optional[_Union[_node_pb2.ProfileRequest, _Mapping]] = ..., receipt: _Optional[_Union[SignedReceipt, _Mapping]] = ...) -> None: ...

class EngineResponse(_message.Message):
    __slots__ = ("failure", "components", "editions")
    class Failure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        FAILURE_UNSPECIFIED: _ClassVar[EngineResponse.Failure]
        FAILURE_REQUEST: _ClassVar[EngineResponse.Failure]
        FAILURE_RECEIPT: _ClassVar[EngineResponse.Failure]
        FAILURE_PRICE: _ClassVar[EngineResponse.Failure]
        FAILURE_EDITION: _ClassVar[EngineResponse.Failure]
        FAILURE_COMPUTE: _ClassVar[EngineResponse.Failure]
    FAILURE_UNSPECIFIED: EngineResponse.Failure
    FAILURE_REQUEST: EngineResponse.Failure
    FAILURE_RECEIPT: EngineResponse.Failure
    FAILURE_PRICE: EngineResponse.Failure
    FAILURE_EDITION: EngineResponse.Failure
    FAILURE_COMPUTE: EngineResponse.Failure
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    COMPONENTS_FIELD_NUMBER: _ClassVar[int]
    EDITIONS_FIELD_NUMBER: _ClassVar[int]
    failure: EngineResponse.Failure
    components: _containers.RepeatedCompositeFieldContainer[_node_pb2.Component]
    editions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, failure: _Optional[_Union[EngineResponse.Failure, str]] = ..., components: _Optional[_Iterable[_Union[_node_pb2.Component, _Mapping]]] = ..., editions: _Optional[_Iterable[str]] = ...) -> None: ...
