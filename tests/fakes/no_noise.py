"""Noise of zero, so that what is released is exact and answers can be written down."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import numpy.typing as npt
from concordat_privacy import noise
from concordat_privacy.laws import Law


def no_noise(law: Law, cells: int) -> npt.NDArray[np.int64]:
    """Stands in for `concordat_privacy.noise.draw`."""
    return np.zeros(cells, dtype=np.int64)


@contextmanager
def noise_set_aside() -> Iterator[None]:
    """Within, whatever draws noise draws zero."""
    with mock.patch.object(noise, "draw", no_noise):
        yield
