"""Receipts: the proof of a durable charge, without which the engine draws no noise. Only the ledger makes them."""

from concordat.v1 import engine_pb2
from concordat_query.signing import Purpose, SigningKey
from concordat_query.wire import calculus_to_proto

from concordat_node.ledger.log import Entry, Kind
from concordat_node.ledger.records import Request


def sign_receipt(key: SigningKey, node: str, charge: Entry) -> engine_pb2.SignedReceipt:
    """The receipt of a charge that stands durably in the log. The same charge always gets the same bytes.

    Raises ValueError for an entry that is not a charge.
    """
    if charge.content["kind"] != Kind.CHARGE:
        raise ValueError(f"entry {charge.sequence} of the log is no charge")
    request = Request.from_log(charge.content["request"])
    receipt = engine_pb2.Receipt(
        node=node,
        query_sha256=request.query_sha256,
        edition=request.edition,
        price_nano=request.price_nano,
        sequence=charge.sequence,
        calculus=calculus_to_proto(request.calculus),
        delta_e15=request.delta_e15,
    ).SerializeToString(deterministic=True)
    return engine_pb2.SignedReceipt(receipt=receipt, signature=key.sign(Purpose.RECEIPT, receipt))
