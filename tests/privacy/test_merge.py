"""Merging is addition: exact, whatever the order, and never wrapping round."""

import numpy as np
import pytest
from concordat_privacy.merge import add_up
from concordat_query.errors import VerificationError
from concordat_query.scalar_types import MAX_SPREAD


def test_vectors_add_up_exactly_beyond_what_doubles_hold() -> None:
    vectors = [np.array([2**55 + 1, -3]), np.array([2**55 + 2, -4]), np.array([1, 7])]
    assert add_up(vectors, (2,)).tolist() == [2**56 + 4, 0]


def test_the_order_does_not_matter() -> None:
    vectors = [np.arange(5) * sign * 10**12 for sign in (1, -1, 3, 7)]
    assert add_up(vectors, (5,)).tolist() == add_up(vectors[::-1], (5,)).tolist()


def test_nothing_adds_up_to_zeros() -> None:
    assert add_up([], (3,)).tolist() == [0, 0, 0]


def test_the_squares_of_all_people_of_the_kingdom_are_believed() -> None:
    """Each at a bound, whose squared distance from the middle is as large as any that is squared."""
    squares = MAX_SPREAD**2
    shares = [56_500_000, 5_500_000, 3_100_000, 2_000_000]
    assert 2**25 < sum(shares) <= 2**26
    noise = 10 * 2**50
    vectors = [np.array([rows * squares + noise]) for rows in shares]
    assert add_up(vectors, (1,)).tolist() == [sum(shares) * squares + 4 * noise]


@pytest.mark.parametrize("extreme", [2**63 - 1, -(2**63)])
def test_figures_that_would_wrap_round_are_not_believed(extreme: int) -> None:
    with pytest.raises(VerificationError):
        add_up([np.array([extreme]), np.array([extreme])], (1,))
