"""What `concordat budget` and `concordat verify` print."""

from concordat.v1 import coordinator_pb2
from concordat_privacy.accounting import Currency
from concordat_query.wire import calculus_from_proto
from concordat_wire.excerpt import plain
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client.display import budget_text, failure_text, private_keys_text
from concordat_client.offline import Report


def _columns(*names: str) -> RichTable:
    table = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name)
    return table


def budget(response: coordinator_pb2.CoordinatorServiceGetBudgetResponse) -> RenderableType:
    """Each node's accounts: spent in epsilon; left and reserved in what the account counts in."""
    table = _columns("node", "population", "spent", "left", "reserved")
    for entry in response.budgets:
        if entry.WhichOneof("outcome") == "failure":
            table.add_row(entry.node, "-", failure_text(entry.failure), "-", "-")
            continue
        for account in entry.budget.accounts:
            currency = Currency(calculus_from_proto(account.calculus, "account.calculus"), account.delta)
            left = account.budget_nano - account.spent_nano - account.reserved_nano
            table.add_row(
                entry.node,
                account.population,
                budget_text(account.spent_nano, account.budget_nano, currency)
                + private_keys_text(account.spent_delta_e15, account.budget_delta_e15),
                f"{currency.word} {left / 1e9:.6f}",
                f"{currency.word} {account.reserved_nano / 1e9:.6f}",
            )
    return table


KEYS_OF_THE_FILE = (
    "The keys were not compared with your own: they are those that the file brings along. "
    "Add --config with your client.toml to compare them."
)


def verification(report: Report, *, own_keys: bool) -> RenderableType:
    """Every check with its outcome, whose keys were trusted, then the result or why there is none."""
    parts: list[RenderableType] = []
    for check in report.checks:
        remark = f": {check.remark}" if check.remark else ""
        style = "" if check.holds else "bold red"
        parts.append(Text(f"{'holds' if check.holds else 'FAILS'}  {check.what}{remark}", style=style))
    if not own_keys:
        parts.append(Text(KEYS_OF_THE_FILE, style="bold"))
    if report.result is None:
        return Group(*parts, Text("The result does not prove itself; do not use it.", style="bold red"))
    verdict = "The result proves itself." if own_keys else "The file agrees with itself; whose it is was not checked."
    return Group(*parts, Text(verdict), Text(plain(report.result.question.sql)), Text(""), report.result)
