"""A coordinator put together: open channels to the nodes, serve; and taken down in turn. It keeps no state."""

from dataclasses import dataclass

from concordat.v1 import coordinator_pb2
from concordat_wire.lifetime import DRAIN_SECONDS, GRACE_SECONDS
from concordat_wire.references import signer_in
from concordat_wire.server import RunningServer, start_server

from concordat_coordinator.config import Settings
from concordat_coordinator.federation import Federation
from concordat_coordinator.service import CoordinatorService

MAX_CONCURRENT = 256


@dataclass
class Coordinator:
    """A coordinator that serves. `port` is the one bound."""

    server: RunningServer
    service: CoordinatorService
    federation: Federation

    @property
    def port(self) -> int:
        return self.server.port

    async def stop(self) -> None:
        """Lets running queries end, then closes everything in turn."""
        await self.server.set_serving(False)
        await self.service.drain(DRAIN_SECONDS)
        await self.server.stop(GRACE_SECONDS)
        await self.federation.close()


async def start(settings: Settings) -> Coordinator:
    """Brings a coordinator up, whether its nodes are up or not. Raises Refusal where a file is wrong."""
    federation = Federation.open(settings.file.nodes, settings.tls, settings.agreement)
    service = CoordinatorService(federation, settings.catalogue, settings.agreement)
    try:
        server = await start_server(
            settings.file.listen,
            settings.tls,
            [(coordinator_pb2.DESCRIPTOR.services_by_name["CoordinatorService"], service)],
            callers=None,  # any certificate of the authority: who may ask what is decided by the nodes
            max_concurrent=MAX_CONCURRENT,
            analyst_of=signer_in(settings.agreement),
        )
    except BaseException:
        await federation.close()
        raise
    return Coordinator(server, service, federation)
