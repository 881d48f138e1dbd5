"""Grouping by a column whose values are private: what finds out which texts may be shown, and what that costs.

First a noisy count of units decides which texts are released; given these, the ordinary plan runs over them, all other
texts together and the missing ones. Prices add up. The argument stands in docs/proofs/private-keys.md.
"""

from dataclasses import dataclass

from concordat_query.domains import text_key
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Query

from concordat_privacy.components import Bounds, Kind, Outline
from concordat_privacy.laws import Law, Mechanism, Sensitivity
from concordat_privacy.sensitivity import scale_for
from concordat_privacy.thresholds import threshold_for

HIDDEN_PART = 20
"""The count of hidden texts takes this part of the price: it tells how many there are, no more."""


@dataclass(frozen=True)
class Selection:
    """How texts are released: those whose count of units, with noise of this scale, reaches `threshold`.

    `key` is the text column's position among the query's keys. A unit counts in at most `texts` of them: it moves the
    counts by their root, at the price of `price_nano`, and a text that it alone has is released with a probability
    of at most `delta_e15`, in 1e-15. At most `most` are released, those with the largest noisy counts.
    """

    key: int
    texts: int
    scale: float
    threshold: int
    price_nano: int
    delta_e15: int
    most: int

    @property
    def law(self) -> Law:
        return Law(Mechanism.GAUSSIAN, self.scale)

    @property
    def sensitivity(self) -> Sensitivity:
        return Sensitivity(self.texts, self.texts)


def hidden(query: Query) -> Outline:
    """The count of texts that were not released: one number, over all keys."""
    return Outline(Kind.HIDDEN, None, None, tuple(range(len(query.keys))))


def set_apart(price_nano: int, components: int) -> tuple[int, int]:
    """What releasing texts and counting the hidden ones take of the price: as much as one of the `components` that are
    left, and a twentieth. Refuses a price too low to be split."""
    for_hidden = price_nano // HIDDEN_PART
    if for_hidden < 1 or price_nano < 2 * (components + 1):
        raise Refusal(
            Reason.INVALID_PRICE, "the price is too low for private keys; raise epsilon", field="query.price_nano"
        )
    return (price_nano - for_hidden) // (components + 1), for_hidden


def selection(bounds: Bounds, price_nano: int, most: int) -> Selection | None:
    """None where no key is a column of private texts. Refuses a price too low for any noise."""
    query = bounds.query
    name = text_key(query.keys, bounds.dataset)
    if name is None:
        return None
    scale = scale_for(bounds.texts, price_nano)
    return Selection(
        key=query.keys.index(name),
        texts=bounds.texts,
        scale=scale,
        threshold=threshold_for(scale, bounds.texts, query.delta_e15),
        price_nano=price_nano,
        delta_e15=query.delta_e15,
        most=most,
    )
