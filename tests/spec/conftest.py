"""The specification's fixtures. Data are imported once for all cases; each case then asks by the whole path."""

import pytest
from concordat_query.model import Calculus
from fakes.offline import found
from fakes.spec_engines import ENGINES, Engine
from spec.specification import Specification
from spec.stays import DATASET, sources, stays


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: engine.name)
def spec(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Specification:
    engine: Engine = request.param
    folder = tmp_path_factory.mktemp(f"spec-{engine.name}")
    return Specification(found(folder, engine, stays(), DATASET, sources()))


@pytest.fixture(scope="session", params=ENGINES, ids=lambda engine: engine.name)
def pure_spec(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Specification:
    """The same where the population's budget counts in pure epsilon."""
    engine: Engine = request.param
    folder = tmp_path_factory.mktemp(f"pure-spec-{engine.name}")
    return Specification(found(folder, engine, stays(), DATASET, sources(), Calculus.PURE))
