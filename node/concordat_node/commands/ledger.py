"""`concordat-node ledger`: what the ledger says, for the node's operator."""

from datetime import UTC, datetime
from pathlib import Path

import click
from concordat_privacy.accounting import WORD_OF
from concordat_privacy.prices import currency_of
from concordat_query.agreement import Agreement
from concordat_query.model import Calculus

from concordat_node.commands.options import config_option
from concordat_node.config import read_settings
from concordat_node.ledger.inspection import inspect
from concordat_node.ledger.log import Entry
from concordat_node.ledger.records import OPERATOR, Balance
from concordat_node.profile_report import price_text
from concordat_node.runtime import ledger_path


@click.command("ledger")
@config_option
@click.option("--entries", is_flag=True, help="List the log, one line an entry.")
def ledger(config: Path, entries: bool) -> None:
    """Verify the ledger and show its head and accounts. Changes nothing; the node may be running."""
    settings = read_settings(config)
    found = inspect(ledger_path(settings.state))
    last = found.entries[-1]
    click.echo("verified: the file, the chain and every balance agree with the log")
    click.echo(f"head: node {found.node}, epoch {last.epoch}, entry {last.sequence}, hash {last.hash.hex()}")
    for population, balance in sorted(found.balances.items()):
        click.echo(account_in_words(population, balance, settings.agreement))
    if found.unanswered:
        click.echo(f"{found.unanswered} charged and not yet answered: in work, or finished when their key is run again")
    if entries:
        for entry in found.entries:
            click.echo(entry_in_words(entry))


def account_in_words(population: str, balance: Balance, agreement: Agreement) -> str:
    """One account, as what it counts in and as the epsilon that people speak of."""
    word = WORD_OF[balance.calculus]
    if population not in agreement.populations:
        return f"{population}: spent {word} {price_text(balance.spent)}; the agreement gives it no budget any more"
    currency = currency_of(agreement, population)

    def words(nano: int) -> str:
        spoken = "" if currency.calculus is Calculus.PURE else f" (epsilon {currency.epsilon_of(nano):.4g})"
        return f"{word} {price_text(nano)}{spoken}"

    return (
        f"{population}: spent {words(balance.spent)} of {words(balance.budget)} at delta {currency.delta:g}; "
        f"reserved {word} {price_text(balance.reserved)}{_private_keys(balance)}"
    )


def _private_keys(balance: Balance) -> str:
    """What private keys spent: of the whole delta, this is the part that no epsilon is spoken at."""
    if not balance.delta_budget and not balance.delta_spent:
        return ""
    return f"; private keys spent delta {balance.delta_spent / 1e15:g} of {balance.delta_budget / 1e15:g} beside it"


def entry_in_words(entry: Entry) -> str:
    """One entry of the log. Questions stay in the audit record: only who, when, what kind and how much are shown."""
    content = entry.content
    request = content.get("request", {})
    at = datetime.fromtimestamp(content["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    details = [
        f"{name} {request[name]}"
        for name in ("analyst", "population", "price_nano", "calculus", "delta_e15")
        if request.get(name)
    ]
    details[:0] = ["profile"] if request.get("analyst") == OPERATOR else []
    details += [
        f"{name} {content[name]}" for name in ("population", "budget_nano", "calculus", "charge") if name in content
    ]
    return f"{entry.sequence} {at} {content['kind']} {', '.join(details)} {entry.hash.hex()[:16]}".replace("  ", " ")
