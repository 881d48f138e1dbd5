"""An operator who buys a profile, and deaths that interrupt it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from concordat.v1 import engine_pb2, node_pb2
from concordat_node.admission import Holding
from concordat_node.importing.edition import EditionInfo, Fingerprint
from concordat_node.ledger.ledger import Ledger
from concordat_node.profiles import charge_profile, charged_profile, finish_profile, ledger_request
from concordat_privacy.profile import plan_profile
from concordat_query.coverage import Coverage
from concordat_query.profile_request import ProfileRequest, profile_request_from_proto
from fakes.catalogue import small_catalogue
from fakes.engine import VISITS
from fakes.ledger_crash import Death, print_line
from fakes.ledgers import KEY, NODE, open_ledger
from fakes.profiles import components, profile_request

DATASET = small_catalogue().dataset(VISITS)
BUDGETS = {DATASET.population: 1_000}
EDITION = EditionInfo(
    "e1", VISITS, 1, DATASET.definition_sha256, "0" * 64, "0" * 64, bytes(32), Path("gone"), Fingerprint(0, 0, 0, 0, 0)
)
FIRST = profile_request(DATASET, VISITS, ("clinic",), price_nano=100)
OTHER = profile_request(DATASET, VISITS, ("sex",), price_nano=333)
"""What the operator asks for the second time, in vain."""


class ProfileEngine:
    """Gives every vector of the profile that is asked for the same figure; dies where it is told to."""

    def __init__(self, figure: int, step: Callable[[str], None] = lambda step: None) -> None:
        self.figure = figure
        self.step = step
        self.receipts: list[engine_pb2.SignedReceipt] = []

    async def require(self, edition: str) -> None:
        pass

    async def profile(
        self, asked: node_pb2.ProfileRequest, receipt: engine_pb2.SignedReceipt
    ) -> list[node_pb2.Component]:
        self.receipts.append(receipt)
        self.step("engine.asked")
        found = components(plan_profile(profile_request_from_proto(asked), DATASET), self.figure)
        self.step("engine.answered")
        return found


def buy(ledger: Ledger, engine: ProfileEngine, asked: ProfileRequest, tell: Callable[[str], None]) -> bytes:
    """As the command does it, and what is told on the way."""
    charge = charged_profile(ledger, EDITION)
    if charge is None:
        charge = charge_profile(ledger, NODE, ledger_request(asked, DATASET, EDITION))
    tell(f"charged {charge.sequence} {charge.request.price_nano} {charge.receipt.receipt.hex()}")
    holding = Holding(Coverage(), (), EDITION.mapping_sha256)
    stored = asyncio.run(finish_profile(ledger, engine, charge, EDITION, holding, NODE, KEY))
    tell(f"shown {stored.hex()}")
    return stored


def buy_until_death(path: Path, told: Path, step: int) -> None:
    """To be run in a process of its own. What the operator was told is in `told`, a line each."""
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    death = Death(step)
    with open_ledger(path, budgets=BUDGETS, hook=death) as ledger:
        buy(ledger, ProfileEngine(1, death), FIRST, lambda line: print_line(file, line))
