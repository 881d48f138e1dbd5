"""What is audited of private keys: which texts are released, by delta and by rho, and the figures of known texts.

Every text is a trial of its own, or every writer with all texts that nobody else has.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from audit.judging import Verdict, highest, lowest
from audit.losses import Floats, Shifted, shifts_of
from audit.mechanisms import SAMPLES, InRho, Mechanism, Row, claimed_in_rho, judged, paid_for
from audit.nodes import Serving
from audit.sources import ALONE, OF_ONE, SHARED, SHARING, TEXTS, shared_text, writer_of
from concordat.v1 import node_pb2
from concordat_privacy.components import Kind
from concordat_privacy.plan import Plan, plan
from concordat_privacy.sensitivity import scale_for
from concordat_privacy.thresholds import DELTA_STEPS
from concordat_query.catalogue import Catalogue
from concordat_query.model import NANO, Query
from concordat_query.text import read_sql


@dataclass(frozen=True)
class TextMechanism(Mechanism):
    """Grouped by a private text at `price` in rho and `delta`. Of the shared texts one side has one writer more."""

    dataset: str = TEXTS
    keys: str = "word"
    delta: float = 1e-6
    max_groups: int = 1

    def queries(self, public: Catalogue) -> list[Query]:
        return [self._query(public, number) for number in range(SAMPLES // SHARED)]

    def _query(self, public: Catalogue, number: int) -> Query:
        return self._asked(public, f"shared = 'yes' AND spare <= {number}")

    def _asked(self, public: Catalogue, where: str) -> Query:
        items = ", ".join(f"{one} AS v{place}" for place, one in enumerate(self.select.split("; ")))
        options = f"private_keys = TRUE, epsilon = 1, delta = {self.delta}"
        sql = (
            f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) word, {items} FROM {self.dataset} "  # noqa: S608
            f"WHERE {where} GROUP BY word"
        )
        asked = read_sql(sql, public)
        price, delta = round(self.price * NANO), round(self.delta * DELTA_STEPS)
        about = (self.dataset, asked.keys, asked.where, asked.aggregates)
        return Query(*about, price, self.max_groups, self.max_rows, delta_e15=delta)

    def row(self, serving: Serving) -> Row:
        """Asks both nodes and judges the figures that they release of each shared text."""
        queries = self.queries(serving.site.catalogue)
        planned = plan(queries[0], serving.site.catalogue.dataset(self.dataset))
        answers = serving.ask(queries)
        without, with_it = (
            np.concatenate([self._trials(planned, answer) for answer in answers[node]])
            for node in ("node-without", "node-with")
        )
        return judged(self, without, with_it, self._claim(planned, paid_for(answers)))

    def _trials(self, planned: Plan, answer: node_pb2.Answer) -> Floats:
        """Texts by figures, zeros where a text was not released: so rare that it does not matter."""
        hidden, texts = _released(planned, answer)
        places = np.array([int(text[1:]) for text in texts], dtype=np.int64)
        figures = [component.values for component in answer.components if component.index != hidden]
        found = np.zeros((SHARED, len(figures)))
        for column, values in enumerate(figures):
            found[places, column] = np.array(values, dtype=np.float64)[: len(texts)]
        return found

    def _claim(self, planned: Plan, paid: int) -> InRho:
        """What the components take of the price. Both sides have the texts: no delta has a part in it."""
        coordinates = []
        for component in planned.components:
            if component.kind is not Kind.HIDDEN:
                share = component.price_nano * paid // planned.query.price_nano
                scale = scale_for(component.sensitivity.squared, share)
                coordinates += [Shifted(shift, scale) for shift in shifts_of(component.sensitivity.squared)]
        return claimed_in_rho(coordinates, paid)


@dataclass(frozen=True)
class OnTheEdge(TextMechanism):
    """Whether a text is released that has one writer less than the threshold on one side, and as many on the other."""

    def _query(self, public: Catalogue, number: int) -> Query:
        anywhere = super()._query(public, number)
        chosen = plan(anywhere, public.dataset(self.dataset)).selection
        assert chosen is not None
        assert chosen.threshold - 1 <= SHARING
        return self._asked(public, f"shared = 'yes' AND spare <= {number} AND number < {chosen.threshold - 1}")

    def _trials(self, planned: Plan, answer: node_pb2.Answer) -> Floats:
        released = frozenset(_released(planned, answer)[1])
        return np.array([[float(shared_text(number) in released)] for number in range(SHARED)])

    def _claim(self, planned: Plan, paid: int) -> InRho:
        chosen = planned.selection
        assert chosen is not None
        share = chosen.price_nano * paid // planned.query.price_nano
        return claimed_in_rho([Shifted(1, scale_for(chosen.sensitivity.squared, share))], paid)


@dataclass(frozen=True)
class Alone(TextMechanism):
    """Whether any text is released of a writer who alone has it. The other side cannot release one, so that all which
    the claim allows is delta. One query, in which every writer counts in all its texts."""

    @property
    def unit(self) -> str:
        return "delta"

    def queries(self, public: Catalogue) -> list[Query]:
        return [self._asked(public, "shared = 'no'")]

    def row(self, serving: Serving) -> Row:
        queries = self.queries(serving.site.catalogue)
        planned = plan(queries[0], serving.site.catalogue.dataset(self.dataset))
        answers = serving.ask(queries)
        (nowhere,), (here,) = (
            [_released(planned, answer)[1] for answer in answers[node]] for node in ("node-without", "node-with")
        )
        (charged,) = {answer.delta_e15 for one in answers.values() for answer in one}
        assert not nowhere
        delta, shown = charged / DELTA_STEPS, len({writer_of(text) for text in here})
        estimate = lowest(shown, ALONE)
        verdict = Verdict(estimate, highest(0, ALONE), estimate - delta, ALONE)
        return Row(self, delta, estimate, ALONE, verdict)


def audit(mechanism: TextMechanism, serving: Serving) -> Row:
    """Asks both nodes and judges what they release."""
    return mechanism.row(serving)


def _released(planned: Plan, answer: node_pb2.Answer) -> tuple[int, list[str]]:
    """The place of the count of hidden texts among the components, and the texts that stand beside it."""
    (hidden,) = (index for index, each in enumerate(planned.components) if each.kind is Kind.HIDDEN)
    (component,) = (each for each in answer.components if each.index == hidden)
    return hidden, list(component.texts)


LONE = partial(Alone, "a private text that one writer has", "COUNT(*)", 0.6, delta=3.4e-3, max_groups=OF_ONE, least=0.5)
EDGE = partial(OnTheEdge, "choice of private texts", "COUNT(*)", 2.0)
HONEST = (
    LONE(),
    EDGE(),
    TextMechanism("AVG by a private text", "AVG(amount)", 2.0),
    TextMechanism("COUNT(DISTINCT unit) by a private text", "COUNT(DISTINCT unit)", 2.0),
)
PLANTED = (
    LONE(mistake="threshold less by one"),
    LONE(mistake="rows counted for units"),
    EDGE(mistake="noise 10% too small"),
)
