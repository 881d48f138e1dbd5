"""A profile's request has one form and one hash, which no other request and no query shares."""

from dataclasses import replace
from typing import Any

import pytest
from concordat_query.canonical import query_sha256
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.profile_request import (
    ProfileRequest,
    profile_request_from_bytes,
    profile_request_from_proto,
    profile_request_sha256,
    profile_request_to_proto,
)
from fakes.engine import query

ASKED = ProfileRequest("road.casualties", "d" * 64, ("severity", "year"), 2, 3, 1_000_000)


def test_it_reads_back_as_it_was_written() -> None:
    assert profile_request_from_bytes(profile_request_to_proto(ASKED).SerializeToString()) == ASKED


@pytest.mark.parametrize(
    "more",
    [
        {"dataset": "road.accidents"},
        {"definition_sha256": "e" * 64},
        {"keys": ("severity",)},
        {"keys": ("severity,year",)},
        {"max_groups": 3},
        {"max_rows": 2},
        {"price_nano": 1_000_001},
        {"max_groups": 3, "max_rows": 2},
        {"calculus": Calculus.PURE},
    ],
)
def test_whatever_changes_the_profile_changes_the_hash(more: dict[str, Any]) -> None:
    assert profile_request_sha256(replace(ASKED, **more)) != profile_request_sha256(ASKED)


def test_the_hash_is_the_same_for_ever_and_no_querys() -> None:
    assert profile_request_sha256(ASKED).hex() == "741fe54b1d00db99625d3a2fff2bce6dd9720d771ff0dd51db7cbff68ad486c3"
    assert profile_request_sha256(ASKED) != query_sha256(query(keys=("severity", "year")))


@pytest.mark.parametrize("keys", [("year", "severity"), ("year", "year")])
def test_keys_out_of_order_or_twice_are_refused(keys: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as caught:
        profile_request_from_proto(profile_request_to_proto(replace(ASKED, keys=keys)))
    assert caught.value.reason is Reason.MALFORMED_REQUEST


def test_garbage_and_unknown_fields_are_refused() -> None:
    for data in (b"\xff", profile_request_to_proto(ASKED).SerializeToString() + b"\xf8\x07\x01"):
        with pytest.raises(Refusal):
            profile_request_from_bytes(data)


@pytest.mark.parametrize("number", [0, 3, 99])
def test_a_price_that_says_not_what_it_is_counted_in_is_refused(number: int) -> None:
    message = profile_request_to_proto(ASKED)
    message.calculus = number  # type: ignore[assignment]  # as a later version may send it
    with pytest.raises(Refusal) as caught:
        profile_request_from_proto(message)
    assert (caught.value.reason, caught.value.field) == (Reason.MALFORMED_REQUEST, "profile.calculus")
