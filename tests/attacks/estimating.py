"""What attackers make of all answers together, as well as can be: they know the noise, and what each question makes
of any records, from the same questions put to their own copy of the node."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from attacks.asking import Seen, Wording
from attacks.judging import Floats, Truths
from concordat_privacy.laws import Law, Mechanism
from fakes.laws import priced_as

COIN = 0.5
"""The standard deviation of a bit."""


@dataclass(frozen=True)
class Answer:
    """An answer, and the exact one of the attackers' own copy to the same question."""

    wording: Wording
    seen: Seen
    own: Seen

    @property
    def components(self) -> Iterator[tuple[Floats, Floats, Law]]:
        """Figures, the copy's figures, the noise."""
        assert self.seen.laws == self.own.laws
        return zip(self.seen.figures, self.own.figures, self.seen.laws, strict=True)


def combined(answers: Sequence[Answer]) -> Floats:
    """By town, the textbook's attack: each wording's figure averaged over all that was paid for it, then added up with
    its weight. Needs to know of nobody else."""
    total = np.zeros(1)
    for wording in dict.fromkeys(each.wording for each in answers):
        told = [each.seen for each in answers if each.wording == wording]
        weights = np.array([each.laws[0].scale ** -2 for each in told])
        figures = np.array([each.figures[0].sum(axis=1) for each in told])
        total = total + wording.weight * (weights @ figures) / weights.sum()
    return total


def presence(answers: Sequence[Answer]) -> Floats:
    """By town, the best unbiased estimate of whether the target is there: 1 if so, 0 if not. All answers are weighted
    by what they tell (least squares). The model's first town has the target, its second lacks it."""
    told, known = np.zeros(1), 0.0
    for answer in answers:
        for figures, exact, law in answer.components:
            moved = (exact[0] - exact[1]) / law.scale
            told = told + (figures - exact[1]) / law.scale @ moved
            known += float(moved @ moved)
    return told / known


def lost_to(answer: Answer) -> float:
    """What presence moves the figures by, in the account's own terms: never more than is charged, whatever the noise
    that was drawn. In rho, or in epsilon."""
    moved = [(np.abs(exact[0] - exact[1]), law) for _, exact, law in answer.components]
    if answer.seen.laws[0].mechanism is Mechanism.LAPLACE:
        return float(sum(steps.sum() / law.scale for steps, law in moved))
    return float(sum((steps**2).sum() / (2 * priced_as(law.scale)) for steps, law in moved))


def is_present(answers: Sequence[Answer]) -> Truths:
    """By town, whether all answers together are more likely with the target than without."""
    evidence = np.zeros(1)
    for answer in answers:
        for figures, exact, law in answer.components:
            with_it, without = ((figures - exact[i]) / law.scale for i in (0, 1))
            if law.mechanism is Mechanism.LAPLACE:
                evidence = evidence + (np.abs(without) - np.abs(with_it)).sum(axis=1)
            else:
                evidence = evidence + ((without**2 - with_it**2) / 2).sum(axis=1)
    return evidence > 0


def bits(answers: Sequence[Answer], believed: float = 1.0) -> Truths:
    """By town and resident, the guess of each bit: least squares, held back by every bit's being the toss of a coin the
    more, the more of the claimed noise is `believed` to be there.

    The model's towns have one bit each, its last none."""
    rows, told = [], []
    for answer in answers:
        for figures, exact, law in answer.components:
            moved = (exact[:-1] - exact[-1]).T / law.scale
            rows.append(moved)
            told.append((figures - exact[-1]).T / law.scale - moved.sum(axis=1, keepdims=True) / 2)
    residents, towns = rows[0].shape[1], told[0].shape[1]
    rows.append(believed * np.eye(residents) / COIN)
    told.append(np.zeros((residents, towns)))
    nearest, *_ = np.linalg.lstsq(np.concatenate(rows), np.concatenate(told), rcond=1e-9)
    guessed: Truths = nearest.T > 0
    return guessed
