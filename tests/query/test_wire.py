"""Values survive the wire unchanged; bytes that are not such a message are refused, with the field."""

from dataclasses import replace
from decimal import Decimal

import pytest
from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_query import condition_wire, wire
from concordat_query.canonical import canonical_condition, canonical_literal, canonical_query
from concordat_query.coverage import ColumnCoverage, Coverage
from concordat_query.errors import Reason, Refusal
from concordat_query.model import (
    COUNTS_WITHOUT_SCALAR,
    OF_TWO_SCALARS,
    Aggregate,
    AggregateRef,
    AllOf,
    AnyOf,
    Arithmetic,
    Calculus,
    Comparator,
    Compared,
    Comparison,
    Condition,
    Constant,
    Envelope,
    Expression,
    KeyColumn,
    Lacking,
    Listed,
    NationColumn,
    Negation,
    Not,
    NullTest,
    Operator,
    Ordering,
    OutputColumn,
    Presentation,
    Query,
    RowCondition,
    ShownColumn,
    Statistic,
    Subject,
    ValueColumn,
)
from concordat_query.wire_presentation import presentation_from_proto, presentation_to_proto
from fakes.catalogue import small_catalogue
from fakes.conditions import conditions
from hypothesis import given, settings
from hypothesis import strategies as st

COUNT = Aggregate(Statistic.COUNT_ROWS)
QUERY = Query("tiny", ("mode",), None, (COUNT,), price_nano=2**63, max_groups=2, max_rows=3)
ENVELOPE = Envelope(QUERY, "ab" * 32, "agreement", 2, ("node-a", "node-b"), "key-1", expires_at=1_900_000_000)

ALONE = set(Statistic) - COUNTS_WITHOUT_SCALAR - OF_TWO_SCALARS - {Statistic.PERCENTILE_CONT}
aggregates = st.one_of(
    st.builds(Aggregate, st.just(Statistic.COUNT_ROWS), st.none(), st.none() | conditions()),
    st.builds(
        Aggregate,
        st.sampled_from(sorted(ALONE, key=lambda each: each.value)),
        st.sampled_from(["dose", "sex"]),
        st.none() | conditions(),
    ),
    st.builds(
        Aggregate,
        st.sampled_from(sorted(OF_TWO_SCALARS, key=lambda each: each.value)),
        st.sampled_from(["dose", "sex"]),
        st.none() | conditions(),
        st.just(()),
        st.sampled_from(["dose", "age"]),
    ),
    st.builds(
        Aggregate,
        st.just(Statistic.PERCENTILE_CONT),
        st.sampled_from(["dose", "sex"]),
        st.none() | conditions(),
        fraction=st.decimals(0, 1, places=6).map(canonical_literal),
    ),
)
numbers = st.decimals(-(10**9), 10**9, places=3).map(canonical_literal)
expressions: st.SearchStrategy[Expression] = st.recursive(
    st.builds(AggregateRef, st.integers(0, 5)) | st.builds(Constant, numbers),
    lambda inner: st.builds(Arithmetic, st.sampled_from(Operator), inner, inner),
    max_leaves=4,
)
subjects: st.SearchStrategy[Subject] = st.builds(ShownColumn, st.integers(0, 9)) | expressions
literals = st.text(max_size=5) | numbers
row_conditions: st.SearchStrategy[RowCondition] = st.recursive(
    st.one_of(
        st.builds(Compared, subjects, st.sampled_from(Comparator), literals),
        st.builds(Listed, subjects, st.lists(literals, min_size=1, max_size=3).map(tuple)),
        st.builds(Lacking, subjects),
    ),
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
presentations = st.builds(
    Presentation,
    st.booleans(),
    st.deferred(lambda: st.lists(outputs, max_size=4).map(tuple)),
    st.lists(st.integers(0, 9), max_size=3).map(tuple),
    st.none() | row_conditions,
    st.lists(st.builds(Ordering, subjects, st.booleans(), st.booleans()), max_size=3).map(tuple),
    st.none() | st.integers(0, 99),
    st.integers(0, 99),
)
outputs: st.SearchStrategy[OutputColumn] = st.one_of(
    st.builds(NationColumn, st.text(max_size=5)),
    st.builds(KeyColumn, st.text(max_size=5), st.integers(0, 9)),
    st.builds(ValueColumn, st.text(max_size=5), expressions),
)


@settings(max_examples=60, deadline=None)
@given(
    where=st.none() | conditions(),
    counted=st.lists(aggregates, min_size=1, max_size=3),
    calculus=st.sampled_from(Calculus),
)
def test_queries_come_back_as_they_were(where: Condition | None, counted: list[Aggregate], calculus: Calculus) -> None:
    query = canonical_query(replace(QUERY, where=where, aggregates=tuple(counted), calculus=calculus))
    envelope = replace(ENVELOPE, query=query, not_before=5)
    assert wire.query_from_proto(wire.query_to_proto(query)) == query
    assert wire.envelope_from_bytes(wire.envelope_to_bytes(envelope)) == envelope


@settings(max_examples=60, deadline=None)
@given(presentation=presentations)
def test_presentations_come_back_as_they_were(presentation: Presentation) -> None:
    assert presentation_from_proto(presentation_to_proto(presentation)) == presentation


@settings(max_examples=60, deadline=None)
@given(rows=st.none() | conditions(), of_age=st.none() | conditions())
def test_coverage_comes_back_as_it_was(rows: Condition | None, of_age: Condition | None) -> None:
    columns = (ColumnCoverage("dose", True, canonical_condition(of_age), "from 2014"), ColumnCoverage("sex", False))
    coverage = Coverage(canonical_condition(rows), columns)
    assert wire.coverage_from_proto(wire.coverage_to_proto(coverage)) == coverage


def test_the_same_envelope_has_the_same_bytes_whatever_the_order_of_its_audience() -> None:
    turned = replace(ENVELOPE, audience=ENVELOPE.audience[::-1])
    assert wire.envelope_to_bytes(turned) == wire.envelope_to_bytes(ENVELOPE)


def test_what_private_keys_may_cost_and_make_survives_the_wire() -> None:
    private = replace(QUERY, delta_e15=10**9, max_cells=50)
    assert wire.query_from_proto(wire.query_to_proto(private)) == private


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read_and_nothing_else_happens(data: st.DataObject) -> None:
    whole = bytearray(wire.envelope_to_bytes(replace(ENVELOPE, query=replace(QUERY, where=NullTest("sex")))))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        wire.envelope_from_bytes(damaged)
    except Refusal as refusal:
        assert refusal.reason is Reason.MALFORMED_REQUEST  # noqa: PT017
        assert refusal.field.startswith("query")  # noqa: PT017


def literal(number: str) -> query_pb2.Condition:
    message = query_pb2.Literal(number=number)
    comparison = query_pb2.Comparison(
        scalar=query_pb2.Scalar(column="age"), comparator=query_pb2.COMPARATOR_EQUAL, literal=message
    )
    return query_pb2.Condition(comparison=comparison)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "1.0",
        "01",
        "-0",
        "+1",
        "1e3",
        "NaN",
        "Infinity",
        "1_0",
        " 1",
        "1.",
        ".5",
        "9" * 40,
        "\u0661",
        "1\u0661",
        "1\n",
    ],
)
def test_a_number_has_one_notation_on_the_wire(number: str) -> None:
    with pytest.raises(Refusal) as refused:
        condition_wire.condition_from_proto(literal(number), "query.where")
    assert refused.value.reason is Reason.MALFORMED_REQUEST


def test_canonical_numbers_are_read() -> None:
    for number in ["0", "-1", "2016", "-0.5", "0.25", "100"]:
        read = condition_wire.condition_from_proto(literal(number), "query.where")
        assert read == Comparison("age", Comparator.EQUAL, Decimal(number))


def unfinished() -> list[query_pb2.Condition]:
    comparison = query_pb2.Comparison(scalar=query_pb2.Scalar(column="age"), literal=query_pb2.Literal(text="x"))
    unknown = query_pb2.Comparison(scalar=query_pb2.Scalar(column="age"), literal=query_pb2.Literal(text="x"))
    unknown.comparator = 99  # type: ignore[assignment]
    empty = query_pb2.Comparison(scalar=query_pb2.Scalar(column="age"), comparator=query_pb2.COMPARATOR_EQUAL)
    return [
        query_pb2.Condition(),
        query_pb2.Condition(comparison=comparison),
        query_pb2.Condition(comparison=unknown),
        query_pb2.Condition(comparison=empty),
        query_pb2.Condition(membership=query_pb2.Membership(scalar=query_pb2.Scalar(column="age"))),
        query_pb2.Condition(conjunction=query_pb2.Conjunction()),
        query_pb2.Condition(disjunction=query_pb2.Disjunction()),
        query_pb2.Condition(negation=query_pb2.Negation()),
    ]


@pytest.mark.parametrize("index", range(len(unfinished())))
def test_a_condition_that_lacks_a_part_is_refused(index: int) -> None:
    with pytest.raises(Refusal) as refused:
        condition_wire.condition_from_proto(unfinished()[index], "query.where")
    assert refused.value.field.startswith("query.where")


def test_conditions_and_expressions_nested_too_deep_are_refused() -> None:
    deep: Condition = NullTest("sex")
    expression: Expression = AggregateRef(0)
    for _ in range(condition_wire.MAX_DEPTH + 1):
        deep = Negation(deep)
        expression = Arithmetic(Operator.DIVIDE, expression, AggregateRef(0))
    with pytest.raises(Refusal, match="deeper"):
        condition_wire.condition_from_proto(condition_wire.condition_to_proto(deep), "query.where")
    having: RowCondition = Lacking(ShownColumn(0))
    for _ in range(condition_wire.MAX_DEPTH):
        having = Not(having)
    for deep_one in (Presentation(False, (ValueColumn("x", expression),)), Presentation(False, (), having=having)):
        with pytest.raises(Refusal, match="deeper"):
            presentation_from_proto(presentation_to_proto(deep_one))


def unfinished_presentations() -> list[coordinator_pb2.Presentation]:
    pb, nothing = coordinator_pb2, coordinator_pb2.Subject()
    one = pb.Subject(value=pb.Expression(aggregate=0))
    literal = query_pb2.Literal(number="1")
    equal = query_pb2.COMPARATOR_EQUAL
    values = [pb.Expression(), pb.Expression(constant="1e3"), pb.Expression(arithmetic=pb.Arithmetic(left=one.value))]
    conditions = [
        pb.RowCondition(),
        pb.RowCondition(comparison=pb.RowComparison(subject=one, literal=literal)),
        pb.RowCondition(comparison=pb.RowComparison(subject=nothing, comparator=equal, literal=literal)),
        pb.RowCondition(comparison=pb.RowComparison(subject=one, comparator=equal)),
        pb.RowCondition(membership=pb.RowMembership(subject=one)),
        pb.RowCondition(lacking=nothing),
        pb.RowCondition(all_of=pb.RowJunction()),
        pb.RowCondition(any_of=pb.RowJunction()),
        pb.RowCondition(negation=pb.RowCondition()),
    ]
    columns = [pb.OutputColumn(name="x", value=value) for value in values]
    return [
        *(pb.Presentation(columns=[column]) for column in columns),
        *(pb.Presentation(having=condition) for condition in conditions),
        pb.Presentation(order=[pb.Ordering()]),
    ]


@pytest.mark.parametrize("index", range(len(unfinished_presentations())))
def test_a_presentation_that_lacks_a_part_is_refused(index: int) -> None:
    with pytest.raises(Refusal) as refused:
        presentation_from_proto(unfinished_presentations()[index])
    assert refused.value.field.startswith("presentation")


@pytest.mark.parametrize("place", ["envelope", "query", "condition"])
def test_a_field_that_a_later_version_may_add_is_refused_and_not_passed_over(place: str) -> None:
    known = replace(ENVELOPE, query=replace(QUERY, where=NullTest("mode")))
    message = query_pb2.QueryEnvelope.FromString(wire.envelope_to_bytes(known))
    inner = {"envelope": message, "query": message.query, "condition": message.query.where.null_test}[place]
    inner.MergeFromString(b"\xf8\x07\x01")  # field 127 = 1
    with pytest.raises(Refusal) as caught:
        wire.envelope_from_bytes(message.SerializeToString())
    assert (caught.value.reason, caught.value.field) == (Reason.MALFORMED_REQUEST, "query.envelope")


def test_an_envelope_too_large_or_without_a_key_is_refused() -> None:
    with pytest.raises(Refusal, match="larger"):
        wire.envelope_from_bytes(b"\0" * (wire.MAX_ENVELOPE_BYTES + 1))
    for key in ["", "x" * 129]:
        with pytest.raises(Refusal) as refused:
            wire.envelope_from_bytes(wire.envelope_to_bytes(replace(ENVELOPE, idempotency_key=key)))
        assert refused.value.field == "query.envelope.idempotency_key"


def test_a_count_of_rows_with_a_column_and_a_sum_without_one_are_refused() -> None:
    for statistic, column in [
        (query_pb2.STATISTIC_COUNT_ROWS, "age"),
        (query_pb2.STATISTIC_COUNT_UNITS, "age"),
        (query_pb2.STATISTIC_SUM, None),
    ]:
        message = wire.query_to_proto(QUERY)
        message.aggregates[0].statistic = statistic
        message.aggregates[0].ClearField("scalar")
        if column is not None:
            message.aggregates[0].scalar.column = column
        with pytest.raises(Refusal):
            wire.query_from_proto(message)


def test_an_output_column_without_a_source_is_refused() -> None:
    message = coordinator_pb2.Presentation(columns=[coordinator_pb2.OutputColumn(name="n")])
    with pytest.raises(Refusal):
        presentation_from_proto(message)


def test_garbage_is_refused_without_repeating_it() -> None:
    with pytest.raises(Refusal) as refused:
        wire.parse(node_pb2.Coverage, b"\xff-secret-garbage", "coverage")
    assert refused.value.message == "coverage: the bytes are not a concordat.v1.Coverage"


def test_the_deepest_condition_that_text_may_write_fits_the_wire() -> None:
    from concordat_query.sql.source import MAX_PARENTHESES
    from concordat_query.text import parse_condition

    casualties = small_catalogue().dataset("road.casualties")
    text = "age = 0"
    for i in range(MAX_PARENTHESES):
        text = f"age = {i} AND NOT (year = 2014 OR {text})" if i % 2 else f"age = {i} OR (sex IS NULL AND {text})"
    condition = canonical_condition(parse_condition(text, casualties))
    assert condition is not None
    assert condition_wire.condition_from_proto(condition_wire.condition_to_proto(condition), "query.where") == condition


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_price_that_says_not_what_it_is_counted_in_is_refused(number: int) -> None:
    message = wire.query_to_proto(QUERY)
    message.calculus = number  # type: ignore[assignment]  # as a later version may send it
    with pytest.raises(Refusal) as refused:
        wire.query_from_proto(message)
    assert (refused.value.reason, refused.value.field) == (Reason.MALFORMED_REQUEST, "query.calculus")
