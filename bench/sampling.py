"""What the noise of a large query costs, beside OpenDP's sampler in one thread in the same run."""

from bars import Measure, median, milliseconds, ratio, seconds
from concordat_privacy import noise
from concordat_privacy.laws import Law, Mechanism

CELLS, COMPONENTS = 10_000, 2
BAR = 130.0
SCALE = 25.625
"""Within 14 significant bits, as all scales are; far larger and smaller ones take as long."""


def measure(rounds: int = 15) -> list[Measure]:
    """Medians; both take turns, so that a machine whose speed changes does so for both."""
    wanted = [(Law(Mechanism.GAUSSIAN, SCALE), CELLS)] * COMPONENTS
    noise.draw_all(wanted)
    ours, one_thread = [], []
    for _ in range(rounds):
        ours.append(seconds(lambda: noise.draw_all(wanted)))
        one_thread.append(seconds(lambda: [noise.draw(*each) for each in wanted]))
    return [
        milliseconds("Gaussian noise, all cores", median(ours), BAR),
        milliseconds("the same in one thread", median(one_thread)),
        ratio("all cores to one thread", median(ours) / median(one_thread), 1.0),
    ]
