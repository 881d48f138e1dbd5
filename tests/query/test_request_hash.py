"""What makes two envelopes under one key the same request."""

from concordat.v1 import query_pb2
from concordat_query.wire import request_sha256


def _envelope(*audience: str, **changed: int | str) -> bytes:
    message = query_pb2.QueryEnvelope(
        query=query_pb2.Query(dataset="road.casualties", price_nano=5),
        agreement_id="uk",
        audience=audience or ("node-a", "node-b"),
        idempotency_key="mine",
        expires_at=100,
    )
    for name, value in changed.items():
        setattr(message, name, value)
    return message.SerializeToString()


def test_a_later_expiry_or_another_order_of_the_audience_leaves_the_request_the_same() -> None:
    same = request_sha256(_envelope())
    assert request_sha256(_envelope(expires_at=200)) == same
    assert request_sha256(_envelope("node-b", "node-a")) == same
    unknown_field = b"\xa2\x06\x01x"  # number 100: of a later version, which this node does not heed
    assert request_sha256(_envelope() + unknown_field) == same


def test_all_else_makes_another_request() -> None:
    different = [
        _envelope(),
        _envelope("node-a"),
        _envelope(idempotency_key="other"),
        _envelope(agreement_id="other"),
        _envelope(agreement_version=2),
        _envelope(catalogue_sha256="other"),
        _envelope(not_before=7),
    ]
    assert len({request_sha256(each) for each in different}) == len(different)
