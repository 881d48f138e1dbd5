"""`concordat-node ledger`: what the ledger says, for the node's operator."""

from datetime import UTC, datetime
from pathlib import Path

import click
from concordat.v1 import node_pb2
from concordat_privacy.accounting import epsilon_of
from concordat_query.agreement import Agreement
from concordat_query.model import NANO

from concordat_node.commands.options import config_option
from concordat_node.config import read_settings
from concordat_node.ledger.ledger import Ledger
from concordat_node.ledger.log import Entry
from concordat_node.ledger.records import Balance
from concordat_node.runtime import open_ledger


@click.command("ledger")
@config_option
@click.option("--entries", is_flag=True, help="List the log, one line an entry.")
@click.option("--verify", is_flag=True, help="Check the file, the hash chain and all balances against the log.")
def ledger(config: Path, entries: bool, verify: bool) -> None:
    """Show the log's head and the accounts. The node must not be running: a ledger has one user at a time."""
    settings = read_settings(config)
    with open_ledger(settings) as book:
        if verify:
            book.verify()
            click.echo("verified: the file, the chain and every balance agree with the log")
        _show_head(book)
        for population, balance in sorted(book.balances().items()):
            click.echo(account_in_words(population, balance, settings.agreement))
        if entries:
            for entry in book.entries():
                click.echo(entry_in_words(entry))


def _show_head(book: Ledger) -> None:
    head = node_pb2.Head.FromString(book.head().head)
    click.echo(f"head: node {head.node}, epoch {head.epoch}, entry {head.sequence}, hash {head.hash.hex()}")


def account_in_words(population: str, balance: Balance, agreement: Agreement) -> str:
    """One account, as rho and as the epsilon that people speak of."""
    if population not in agreement.populations:
        return f"{population}: spent {_rho(balance.spent)}; the agreement gives it no budget any more"
    delta = agreement.populations[population].delta

    def words(rho_nano: int) -> str:
        return f"{_rho(rho_nano)} (epsilon {epsilon_of(rho_nano, delta):.4g})"

    return (
        f"{population}: spent {words(balance.spent)} of {words(balance.budget)} at delta {delta:g}; "
        f"reserved {_rho(balance.reserved)}"
    )


def entry_in_words(entry: Entry) -> str:
    """One entry of the log. Questions stay in the audit record: only who, when, what kind and how much are shown."""
    content = entry.content
    request = content.get("request", {})
    at = datetime.fromtimestamp(content["at"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    details = [f"{name} {request[name]}" for name in ("analyst", "population", "rho_nano") if name in request]
    details += [f"{name} {content[name]}" for name in ("population", "budget_rho_nano", "charge") if name in content]
    return f"{entry.sequence} {at} {content['kind']} {', '.join(details)} {entry.hash.hex()[:16]}".replace("  ", " ")


def _rho(rho_nano: int) -> str:
    return f"rho {rho_nano / NANO:.9f}".rstrip("0").rstrip(".")
