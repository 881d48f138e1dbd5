from concordat.v1 import node_pb2 as _node_pb2
from concordat.v1 import query_pb2 as _query_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CoordinatorServiceDescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CoordinatorServiceDescribeResponse(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[NodeDescription]
    def __init__(self, nodes: _Optional[_Iterable[_Union[NodeDescription, _Mapping]]] = ...) -> None: ...

class NodeDescription(_message.Message):
    __slots__ = ("node", "nation", "description", "failure")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NATION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    node: str
    nation: str
    description: _node_pb2.DescribeResponse
    failure: NodeFailure
    def __init__(self, node: _Optional[str] = ..., nation: _Optional[str] = ..., description: _Optional[_Union[_node_pb2.DescribeResponse, _Mapping]] = ..., failure: _Optional[_Union[NodeFailure, _Mapping]] = ...) -> None: ...

class NodeFailure(_message.Message):
    __slots__ = ("reason", "message", "reference")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    reference: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...

class NodeFault(_message.Message):
    __slots__ = ("node", "reason", "reference")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    node: str
    reason: str
    reference: str
    def __init__(self, node: _Optional[str] = ..., reason: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...

class CoordinatorServiceExplainRequest(_message.Message):
    __slots__ = ("query", "credentials")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    credentials: _query_pb2.Credentials
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ...) -> None: ...

class CoordinatorServiceExplainResponse(_message.Message):
    __slots__ = ("quotes",)
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    quotes: _containers.RepeatedCompositeFieldContainer[NodeQuote]
    def __init__(self, quotes: _Optional[_Iterable[_Union[NodeQuote, _Mapping]]] = ...) -> None: ...

class NodeQuote(_message.Message):
    __slots__ = ("node", "quote", "failure")
    NODE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    node: str
    quote: _node_pb2.Quote
    failure: NodeFailure
    def __init__(self, node: _Optional[str] = ..., quote: _Optional[_Union[_node_pb2.Quote, _Mapping]] = ..., failure: _Optional[_Union[NodeFailure, _Mapping]] = ...) -> None: ...

class Presentation(_message.Message):
    __slots__ = ("by_nation", "columns", "rollup", "having", "order", "limit", "offset")
    BY_NATION_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_FIELD_NUMBER: _ClassVar[int]
    HAVING_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    by_nation: bool
    columns: _containers.RepeatedCompositeFieldContainer[OutputColumn]
    rollup: _containers.RepeatedScalarFieldContainer[int]
    having: RowCondition
    order: _containers.RepeatedCompositeFieldContainer[Ordering]
    limit: int
    offset: int
    def __init__(self, by_nation: _Optional[bool] = ..., columns: _Optional[_Iterable[_Union[OutputColumn, _Mapping]]] = ..., rollup: _Optional[_Iterable[int]] = ..., having: _Optional[_Union[RowCondition, _Mapping]] = ..., order: _Optional[_Iterable[_Union[Ordering, _Mapping]]] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class OutputColumn(_message.Message):
    __slots__ = ("name", "nation", "key", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NATION_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    nation: bool
    key: int
    value: Expression
    def __init__(self, name: _Optional[str] = ..., nation: _Optional[bool] = ..., key: _Optional[int] = ..., value: _Optional[_Union[Expression, _Mapping]] = ...) -> None: ...

class Expression(_message.Message):
    __slots__ = ("aggregate", "constant", "arithmetic")
    AGGREGATE_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    ARITHMETIC_FIELD_NUMBER: _ClassVar[int]
    aggregate: int
    constant: str
    arithmetic: Arithmetic
    def __init__(self, aggregate: _Optional[int] = ..., constant: _Optional[str] = ..., arithmetic: _Optional[_Union[Arithmetic, _Mapping]] = ...) -> None: ...

class Arithmetic(_message.Message):
    __slots__ = ("operator", "left", "right")
    class Operator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OPERATOR_UNSPECIFIED: _ClassVar[Arithmetic.Operator]
        OPERATOR_ADD: _ClassVar[Arithmetic.Operator]
        OPERATOR_SUBTRACT: _ClassVar[Arithmetic.Operator]
        OPERATOR_MULTIPLY: _ClassVar[Arithmetic.Operator]
        OPERATOR_DIVIDE: _ClassVar[Arithmetic.Operator]
    OPERATOR_UNSPECIFIED: Arithmetic.Operator
    OPERATOR_ADD: Arithmetic.Operator
    OPERATOR_SUBTRACT: Arithmetic.Operator
    OPERATOR_MULTIPLY: Arithmetic.Operator
    OPERATOR_DIVIDE: Arithmetic.Operator
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    RIGHT_FIELD_NUMBER: _ClassVar[int]
    operator: Arithmetic.Operator
    left: Expression
    right: Expression
    def __init__(self, operator: _Optional[_Union[Arithmetic.Operator, str]] = ..., left: _Optional[_Union[Expression, _Mapping]] = ..., right: _Optional[_Union[Expression, _Mapping]] = ...) -> None: ...

class Subject(_message.Message):
    __slots__ = ("column", "value")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    column: int
    value: Expression
    def __init__(self, column: _Optional[int] = ..., value: _Optional[_Union[Expression, _Mapping]] = ...) -> None: ...

class RowCondition(_message.Message):
    __slots__ = ("comparison", "membership", "lacking", "all_of", "any_of", "negation")
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    MEMBERSHIP_FIELD_NUMBER: _ClassVar[int]
    LACKING_FIELD_NUMBER: _ClassVar[int]
    ALL_OF_FIELD_NUMBER: _ClassVar[int]
    ANY_OF_FIELD_NUMBER: _ClassVar[int]
    NEGATION_FIELD_NUMBER: _ClassVar[int]
    comparison: RowComparison
    membership: RowMembership
    lacking: Subject
    all_of: RowJunction
    any_of: RowJunction
    negation: RowCondition
    def __init__(self, comparison: _Optional[_Union[RowComparison, _Mapping]] = ..., membership: _Optional[_Union[RowMembership, _Mapping]] = ..., lacking: _Optional[_Union[Subject, _Mapping]] = ..., all_of: _Optional[_Union[RowJunction, _Mapping]] = ..., any_of: _Optional[_Union[RowJunction, _Mapping]] = ..., negation: _Optional[_Union[RowCondition, _Mapping]] = ...) -> None: ...

class RowComparison(_message.Message):
    __slots__ = ("subject", "comparator", "literal")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    COMPARATOR_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    subject: Subject
    comparator: _query_pb2.Comparator
    literal: _query_pb2.Literal
    def __init__(self, subject: _Optional[_Union[Subject, _Mapping]] = ..., comparator: _Optional[_Union[_query_pb2.Comparator, str]] = ..., literal: _Optional[_Union[_query_pb2.Literal, _Mapping]] = ...) -> None: ...

class RowMembership(_message.Message):
    __slots__ = ("subject", "literals")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    LITERALS_FIELD_NUMBER: _ClassVar[int]
    subject: Subject
    literals: _containers.RepeatedCompositeFieldContainer[_query_pb2.Literal]
    def __init__(self, subject: _Optional[_Union[Subject, _Mapping]] = ..., literals: _Optional[_Iterable[_Union[_query_pb2.Literal, _Mapping]]] = ...) -> None: ...

class RowJunction(_message.Message):
    __slots__ = ("terms",)
    TERMS_FIELD_NUMBER: _ClassVar[int]
    terms: _containers.RepeatedCompositeFieldContainer[RowCondition]
    def __init__(self, terms: _Optional[_Iterable[_Union[RowCondition, _Mapping]]] = ...) -> None: ...

class Ordering(_message.Message):
    __slots__ = ("by", "descending", "nulls_first")
    BY_FIELD_NUMBER: _ClassVar[int]
    DESCENDING_FIELD_NUMBER: _ClassVar[int]
    NULLS_FIRST_FIELD_NUMBER: _ClassVar[int]
    by: Subject
    descending: bool
    nulls_first: bool
    def __init__(self, by: _Optional[_Union[Subject, _Mapping]] = ..., descending: _Optional[bool] = ..., nulls_first: _Optional[bool] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("query", "presentation", "credentials", "progress", "table")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    presentation: Presentation
    credentials: _query_pb2.Credentials
    progress: bool
    table: bool
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., presentation: _Optional[_Union[Presentation, _Mapping]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ..., progress: _Optional[bool] = ..., table: _Optional[bool] = ...) -> None: ...

class RunResponse(_message.Message):
    __slots__ = ("progress", "result")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    result: Result
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., result: _Optional[_Union[Result, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("node", "step")
    class Step(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STEP_UNSPECIFIED: _ClassVar[Progress.Step]
        STEP_PREPARED: _ClassVar[Progress.Step]
        STEP_ANSWERED: _ClassVar[Progress.Step]
        STEP_LOST: _ClassVar[Progress.Step]
        STEP_TAKES_NO_PART: _ClassVar[Progress.Step]
        STEP_COMMITTED: _ClassVar[Progress.Step]
        STEP_RETRYING: _ClassVar[Progress.Step]
    STEP_UNSPECIFIED: Progress.Step
    STEP_PREPARED: Progress.Step
    STEP_ANSWERED: Progress.Step
    STEP_LOST: Progress.Step
    STEP_TAKES_NO_PART: Progress.Step
    STEP_COMMITTED: Progress.Step
    STEP_RETRYING: Progress.Step
    NODE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    node: str
    step: Progress.Step
    def __init__(self, node: _Optional[str] = ..., step: _Optional[_Union[Progress.Step, str]] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("answers", "missing", "table", "complete", "charges", "deliveries")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CHARGES_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[_node_pb2.SignedAnswer]
    missing: _containers.RepeatedCompositeFieldContainer[MissingNode]
    table: bytes
    complete: bool
    charges: _containers.RepeatedCompositeFieldContainer[Charge]
    deliveries: _containers.RepeatedCompositeFieldContainer[_node_pb2.SignedDelivery]
    def __init__(self, answers: _Optional[_Iterable[_Union[_node_pb2.SignedAnswer, _Mapping]]] = ..., missing: _Optional[_Iterable[_Union[MissingNode, _Mapping]]] = ..., table: _Optional[bytes] = ..., complete: _Optional[bool] = ..., charges: _Optional[_Iterable[_Union[Charge, _Mapping]]] = ..., deliveries: _Optional[_Iterable[_Union[_node_pb2.SignedDelivery, _Mapping]]] = ...) -> None: ...

class Charge(_message.Message):
    __slots__ = ("node", "price_nano", "stored_answer", "delta_e15")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PRICE_NANO_FIELD_NUMBER: _ClassVar[int]
    STORED_ANSWER_FIELD_NUMBER: _ClassVar[int]
    DELTA_E15_FIELD_NUMBER: _ClassVar[int]
    node: str
    price_nano: int
    stored_answer: bool
    delta_e15: int
    def __init__(self, node: _Optional[str] = ..., price_nano: _Optional[int] = ..., stored_answer: _Optional[bool] = ..., delta_e15: _Optional[int] = ...) -> None: ...

class MissingNode(_message.Message):
    __slots__ = ("node", "cause", "failure", "declaration", "delivery")
    class Cause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CAUSE_UNSPECIFIED: _ClassVar[MissingNode.Cause]
        CAUSE_NOT_HELD: _ClassVar[MissingNode.Cause]
        CAUSE_UNAVAILABLE: _ClassVar[MissingNode.Cause]
    CAUSE_UNSPECIFIED: MissingNode.Cause
    CAUSE_NOT_HELD: MissingNode.Cause
    CAUSE_UNAVAILABLE: MissingNode.Cause
    NODE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    node: str
    cause: MissingNode.Cause
    failure: NodeFailure
    declaration: _node_pb2.SignedDeclaration
    delivery: _node_pb2.SignedDelivery
    def __init__(self, node: _Optional[str] = ..., cause: _Optional[_Union[MissingNode.Cause, str]] = ..., failure: _Optional[_Union[NodeFailure, _Mapping]] = ..., declaration: _Optional[_Union[_node_pb2.SignedDeclaration, _Mapping]] = ..., delivery: _Optional[_Union[_node_pb2.SignedDelivery, _Mapping]] = ...) -> None: ...

class GetResultRequest(_message.Message):
    __slots__ = ("query", "presentation", "credentials", "table")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_FIELD_NUMBER: _ClassVar[int]
    CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    query: _query_pb2.SignedQuery
    presentation: Presentation
    credentials: _query_pb2.Credentials
    table: bool
    def __init__(self, query: _Optional[_Union[_query_pb2.SignedQuery, _Mapping]] = ..., presentation: _Optional[_Union[Presentation, _Mapping]] = ..., credentials: _Optional[_Union[_query_pb2.Credentials, _Mapping]] = ..., table: _Optional[bool] = ...) -> None: ...

class GetResultResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: Result
    def __init__(self, result: _Optional[_Union[Result, _Mapping]] = ...) -> None: ...

class CoordinatorServiceGetBudgetRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CoordinatorServiceGetBudgetResponse(_message.Message):
    __slots__ = ("budgets",)
    BUDGETS_FIELD_NUMBER: _ClassVar[int]
    budgets: _containers.RepeatedCompositeFieldContainer[NodeBudget]
    def __init__(self, budgets: _Optional[_Iterable[_Union[NodeBudget, _Mapping]]] = ...) -> None: ...

class NodeBudget(_message.Message):
    __slots__ = ("node", "budget", "failure")
    NODE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    node: str
    budget: _node_pb2.GetBudgetResponse
    failure: NodeFailure
    def __init__(self, node: _Optional[str] = ..., budget: _Optional[_Union[_node_pb2.GetBudgetResponse, _Mapping]] = ..., failure: _Optional[_Union[NodeFailure, _Mapping]] = ...) -> None: ...
