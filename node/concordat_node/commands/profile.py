"""`concordat-node profile`: spends a stated price, once for an edition, on a noisy profile of it."""

import asyncio
import re
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click
from concordat.v1 import node_pb2
from concordat_privacy.accounting import Currency
from concordat_privacy.noise import check_profile_prices
from concordat_privacy.prices import check_calculus, currency_of
from concordat_privacy.profile import ProfilePlan, check_held, plan_profile
from concordat_query.catalogue import Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import NANO, Calculus
from concordat_query.profile_request import ProfileRequest
from concordat_wire.profiles import read_profile

from concordat_node.admission import Holding, check_in_force
from concordat_node.commands.options import config_option
from concordat_node.config import Settings, read_settings
from concordat_node.engine.process import Engine
from concordat_node.importing import edition as editions
from concordat_node.importing.edition import EditionInfo
from concordat_node.ledger.inspection import stored_answer
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.records import Balance, Charge
from concordat_node.profile_report import offer, price_text, report
from concordat_node.profiles import (
    charge_profile,
    charged_profile,
    check_allowed,
    finish_profile,
    ledger_request,
    profile_key,
)
from concordat_node.runtime import engine_settings, ledger_path, open_ledger, rules_of

_PRICE = re.compile(r"[0-9]{1,4}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class _Subject:
    """What is profiled: the edition in force, intact and of the definition and mapping in force."""

    settings: Settings
    dataset: Dataset
    holding: Holding
    edition: EditionInfo

    @property
    def currency(self) -> Currency:
        return currency_of(self.settings.agreement, self.dataset.population)


@click.command("profile")
@config_option
@click.argument("dataset")
@click.option("--rho", help="What the profile may cost, for instance 0.001. There is no default.")
@click.option("--epsilon", help="The same in place of --rho where the population's account counts in pure epsilon.")
@click.option(
    "--keys", help="Columns by whose values to count units: severity,mode. All that may be asked for if unset."
)
@click.option("--max-groups", type=int, help="Count units that are in more cells than this. Default: the agreement's.")
@click.option("--max-rows", type=int, help="Count units with more rows in a cell than this. Default: the agreement's.")
@click.option("--yes", is_flag=True, help="Spend without asking again.")
@click.option("--show", is_flag=True, help="Only show the profile that this edition has. The node may be running.")
def profile(
    config: Path,
    dataset: str,
    rho: str | None,
    epsilon: str | None,
    keys: str | None,
    max_groups: int | None,
    max_rows: int | None,
    yes: bool,
    show: bool,
) -> None:
    """Buy a noisy, public profile of DATASET's edition.

    It tells sizes by key, and how many units limits would cut.

    One profile an edition: a second call shows the one there is and charges nothing. The node must not be serving.
    """
    settings = read_settings(config)
    subject = _subject(settings, dataset)
    if show:
        _show(subject, _stored(subject))
        return
    price, calculus = _price(rho, epsilon, subject)
    defaults = settings.agreement.defaults
    asked = ProfileRequest(
        dataset=dataset,
        definition_sha256=subject.dataset.definition_sha256,
        keys=_keys(keys, subject),
        max_groups=defaults.max_groups if max_groups is None else max_groups,
        max_rows=defaults.max_rows if max_rows is None else max_rows,
        price_nano=price,
        calculus=calculus,
    )
    planned = _planned(asked, subject)
    with _opened_ledger(settings) as ledger:
        asyncio.run(_buy(planned, subject, ledger, yes))


async def _buy(planned: ProfilePlan, subject: _Subject, ledger: Ledger, yes: bool) -> None:
    """Shows the profile that there is, completes the one that a crash left unfinished, or buys one."""
    charge = charged_profile(ledger, subject.edition)
    if charge is None:
        balance = _payable(planned, subject, ledger)
        click.echo(offer(planned, subject.dataset, subject.edition.id, balance, subject.currency))
        if not yes and not click.confirm("Spend it?", default=False):
            click.echo("Nothing was spent.")
            raise click.exceptions.Exit(1)
    elif charge.answer is None:
        click.echo(
            "This edition's profile was charged before and not finished. It is finished now; nothing is charged."
        )
    else:
        click.echo("This edition has its profile. Nothing is charged.")
    stored = charge.answer if charge is not None and charge.answer is not None else None
    _show(subject, stored or await _finished(planned, charge, subject, ledger))


async def _finished(planned: ProfilePlan, charge: Charge | None, subject: _Subject, ledger: Ledger) -> bytes:
    """The stored profile, charged now unless it was before. The engine must be able to answer before anything is."""
    settings, edition = subject.settings, subject.edition
    engine = await Engine.start(engine_settings(settings, (edition.id,)))
    try:
        await engine.require(edition.id)
        if charge is None:
            charge = charge_profile(
                ledger, settings.file.name, ledger_request(planned.request, subject.dataset, edition)
            )
        return await finish_profile(
            ledger, engine, charge, edition, subject.holding, settings.file.name, settings.signing_key
        )
    finally:
        await engine.close()


def _subject(settings: Settings, name: str) -> _Subject:
    rules = rules_of(settings)
    dataset = settings.catalogue.dataset(name)
    if name not in settings.mappings:
        known = ", ".join(settings.mappings)
        raise Refusal(Reason.UNKNOWN_DATASET, f"no mapping gives data set {name!r}; there are: {known}")
    edition = editions.current(settings.state, name)
    holding = rules.holdings[name]
    editions.require(edition, dataset.definition_sha256, holding.mapping_sha256)
    return _Subject(settings, dataset, holding, edition)


def _planned(asked: ProfileRequest, subject: _Subject) -> ProfilePlan:
    check_in_force(subject.settings.agreement, time.time())
    planned = plan_profile(asked, subject.dataset)
    check_allowed(asked, subject.dataset, subject.settings.agreement)
    check_held(asked, subject.holding.coverage)
    check_profile_prices(planned)
    editions.verify(subject.edition)
    return planned


def _keys(text: str | None, subject: _Subject) -> tuple[str, ...]:
    """The columns named, or every key that the agreement allows and this node holds."""
    if text is None:
        allowed = subject.settings.agreement.permission(subject.edition.dataset).keys
        return tuple(sorted(key for key in set(allowed) if not subject.holding.coverage.lacks([key])))
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise Refusal(Reason.MALFORMED_REQUEST, "--keys: name columns, each once: severity,mode", field="--keys")
    return tuple(sorted(names))


def _price(rho: str | None, epsilon: str | None, subject: _Subject) -> tuple[int, Calculus]:
    """The price in what the account counts in. Refuses none, both, and the other one."""
    option = f"--{subject.currency.word}"
    if (rho is None) == (epsilon is None):
        raise Refusal(Reason.MALFORMED_REQUEST, f"state what the profile may cost: {option} 0.001", field=option)
    calculus = Calculus.PURE if rho is None else Calculus.GAUSSIAN
    check_calculus(calculus, subject.currency, subject.dataset.population, option)
    return _nano(rho or epsilon or "", option), calculus


def _nano(text: str, option: str) -> int:
    """A price as people write it. Refuses what is not a plain decimal above 0 of at most nine places."""
    nano = int(Decimal(text) * NANO) if _PRICE.fullmatch(text) else 0
    if nano == 0:
        raise Refusal(
            Reason.INVALID_PRICE, f"{option}: write a decimal above 0 with at most nine places: 0.001", field=option
        )
    return nano


def _payable(planned: ProfilePlan, subject: _Subject, ledger: Ledger) -> Balance:
    population, price, word = subject.dataset.population, planned.request.price_nano, subject.currency.word
    balance = ledger.balances()[population]
    if price > balance.available:
        raise Refusal(
            Reason.BUDGET_EXHAUSTED,
            f"the profile costs {word} {price_text(price)}, and the account of {population} has "
            f"{price_text(balance.available)} left of {price_text(balance.budget)}; state a smaller --{word}",
            field=f"--{word}",
        )
    return balance


def _opened_ledger(settings: Settings) -> Ledger:
    try:
        return open_ledger(settings)
    except Refusal as refusal:
        if refusal.reason is not Reason.IN_USE:
            raise
        raise Refusal(
            Reason.IN_USE,
            f"{refusal.message}. A profile is bought while the node does not serve: stop it, run this again, start it; "
            "`--show` works at any time",
            field=refusal.field,
        ) from None


def _stored(subject: _Subject) -> bytes:
    stored = stored_answer(ledger_path(subject.settings.state), profile_key(subject.edition))
    if stored is None:
        option = f"--{subject.currency.word}"
        raise Refusal(
            Reason.UNKNOWN_RESULT,
            f"edition {subject.edition.id} of {subject.edition.dataset} has no profile; buy one with {option}",
            field="--show",
        )
    return stored


def _show(subject: _Subject, stored: bytes) -> None:
    settings = subject.settings
    signed = node_pb2.SignedProfile.FromString(stored)
    read = read_profile(signed, settings.file.name, settings.catalogue, settings.agreement)
    click.echo(report(read, subject.dataset))
