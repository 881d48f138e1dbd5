"""The engines that the language's specification runs on: each imports a source through its mapping and answers.

A further engine is one more class with these two methods, and one more line in ENGINES. No case knows which one it is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from concordat.v1 import engine_pb2, node_pb2
from concordat_node.engine.holdings import Holdings, open_holdings
from concordat_node.engine.release import release
from concordat_node.engine.settings import EngineSettings
from concordat_node.importing import edition
from concordat_node.importing.build import Resources, import_dataset
from concordat_node.importing.edition import EditionInfo
from concordat_node.importing.mapping import Mapping
from fakes.no_noise import noise_set_aside


class Held(Protocol):
    """An imported data set that answers charged queries, with noise set aside."""

    @property
    def edition(self) -> EditionInfo: ...

    def release(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]: ...


class Engine(Protocol):
    @property
    def name(self) -> str: ...

    def hold(self, mapping: Mapping, data: Path, settings: EngineSettings) -> Held:
        """Imports the mapping's sources from the folder `data`."""


@dataclass(frozen=True)
class HeldInDuckDB:
    edition: EditionInfo
    holdings: Holdings

    def release(self, request: engine_pb2.EngineRequest) -> list[node_pb2.Component]:
        with noise_set_aside():
            return release(request, self.holdings)


@dataclass(frozen=True)
class DuckDB:
    name: str = "duckdb"

    def hold(self, mapping: Mapping, data: Path, settings: EngineSettings) -> HeldInDuckDB:
        import_dataset(mapping, data, settings.state, Resources("500MB", threads=1))
        return HeldInDuckDB(edition.current(settings.state, mapping.dataset), open_holdings(settings))


ENGINES: tuple[Engine, ...] = (DuckDB(),)
