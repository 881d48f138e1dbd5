"""The judge lets honest noise pass, condemns noise that is a tenth too small, and is exact about its confidence."""

import math
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from audit.judging import CONFIDENCE, choose, highest, judge, lowest, smallest_admitted
from audit.losses import Floats, Shifted, Tradeoff, gaussian, laplace
from audit.mechanisms import InRho, Mechanism, judged
from audit.planted.mistakes import laplace_quantiles, lattice_quantiles

TRIALS = 40_000
RHO = {0.5: math.sqrt(12 / 11), 1.0: math.sqrt(3 / 5)}
"""What scale each costs at a shift of 1."""


def samples(chance: np.random.Generator, scales: list[float], means: list[float]) -> Floats:
    noise = [lattice_quantiles(scale, chance.random(TRIALS)) for scale in scales]
    found: Floats = np.stack(noise, axis=1).astype(np.float64) + np.array(means)
    return found


@pytest.mark.parametrize("rho", RHO)
@pytest.mark.parametrize("seed", range(10))
def test_honest_noise_passes_and_noise_a_tenth_too_small_does_not(rho: float, seed: int) -> None:
    claim, chance = gaussian([Shifted(1, RHO[rho])]), np.random.default_rng(seed)
    for divisor, refuted in ((1.0, False), (1.1, True)):
        scale = [RHO[rho] / divisor]
        verdict = judge(samples(chance, scale, [7.0]), samples(chance, scale, [8.0]), claim)
        assert verdict.refuted == refuted
        assert verdict.judged == TRIALS


def test_what_is_proved_is_near_the_loss_and_below_it() -> None:
    chance, scale = np.random.default_rng(1), [1.0]
    verdict = judge(samples(chance, scale, [0.0]), samples(chance, scale, [1.0]), gaussian([Shifted(1, 1.0)]))
    found = smallest_admitted(verdict, lambda rho: gaussian([Shifted(1, 1.0)], math.sqrt(0.5 / rho)), 0.5)
    assert 0.42 < found < 0.5


def test_an_event_that_is_rarer_with_the_unit_counts_as_well() -> None:
    chance = np.random.default_rng(2)
    fewer, more = samples(chance, [0.9], [5.0]), samples(chance, [0.9], [4.0])
    assert judge(fewer, more, gaussian([Shifted(1, 1.0)])).refuted


def test_components_are_judged_together() -> None:
    """Each keeps the claim of all of them; both do not."""
    chance, claim = np.random.default_rng(3), gaussian([Shifted(1, 1.0)])
    both = [samples(chance, [1.0, 100.0], [m, -80.0 * m]) for m in (0, 1)]
    assert judge(both[0], both[1], claim).refuted
    for column in (0, 1):
        assert not judge(both[0][:, [column]], both[1][:, [column]], claim).refuted


@pytest.mark.parametrize("parts", [(1.0,), (0.5, 0.5), (0.3, 0.7), (0.1, 0.2, 0.7)])
@pytest.mark.parametrize("seed", range(3))
def test_laplace_noise_of_several_components_is_judged_by_what_tells_most(parts: list[float], seed: int) -> None:
    """Each moves by 200 steps, at its part of epsilon 1. Losses of Laplace noise are bounded, so that noise a tenth too
    small is not refuted by every sample; a fifth is."""
    chance = np.random.default_rng(seed)

    def drawn(mean: float, divisor: float) -> Floats:
        noise = [laplace_quantiles(200 / part / divisor, chance.random(TRIALS)) for part in parts]
        found: Floats = np.stack(noise, axis=1).astype(np.float64) + np.array(mean)
        return found

    def claim(loss: float) -> Tradeoff:
        return laplace([Shifted(200, 200 / part) for part in parts], 1 / loss)

    honest, small = (judge(drawn(7, by), drawn(207, by), claim(1.0), is_clipped=True) for by in (1.0, 1.2))
    assert not honest.refuted
    assert smallest_admitted(honest, claim, 1.0) > 0.88
    assert small.refuted


def test_an_honest_row_that_sees_next_to_nothing_tells_nothing() -> None:
    chance, claim = np.random.default_rng(5), InRho((Shifted(1, 1.0),))
    mechanism = Mechanism("COUNT(*)", "COUNT(*)", 0.5)
    without, with_it, alike = (samples(chance, [1.0], [mean]) for mean in (0.0, 1.0, 0.0))
    seen, blind = judged(mechanism, without, with_it, claim), judged(mechanism, without, alike, claim)
    assert (seen.passes, blind.passes) == (True, False)
    assert not blind.verdict.refuted
    planted = judged(replace(mechanism, mistake="none"), without, with_it, claim)
    assert not planted.passes


def test_the_event_is_chosen_without_the_samples_that_judge_it() -> None:
    chance = np.random.default_rng(4)
    without, with_it = (samples(chance, [1.0], [m]) for m in (0.0, 1.0))
    claim = gaussian([Shifted(1, 1.0)])
    event, _ = choose(without[1::2], with_it[1::2], claim)
    spoiled = with_it.copy()
    spoiled[0::2] = 1000.0
    again, _ = choose(without[1::2], spoiled[1::2], claim)
    assert event.threshold == again.threshold
    assert judge(without, spoiled, claim).probable > 0.99


@pytest.mark.parametrize(("hits", "trials"), [(0, 50), (1, 50), (25, 50), (49, 50)])
def test_bounds_are_those_of_clopper_and_pearson(hits: int, trials: int) -> None:
    upper = highest(hits, trials)
    tail = math.fsum(comb(trials, k) * upper**k * (1 - upper) ** (trials - k) for k in range(hits + 1))
    assert tail == pytest.approx(1 - CONFIDENCE, rel=1e-6)
    assert lowest(trials - hits, trials) == 1 - upper


def test_all_or_nothing_is_bounded_on_one_side() -> None:
    assert highest(10, 10) == 1.0
    assert lowest(0, 10) == 0.0
