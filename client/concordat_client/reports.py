"""What `concordat budget` prints."""

from concordat.v1 import coordinator_pb2
from rich.console import RenderableType
from rich.table import Table as RichTable

from concordat_client.display import budget_text, failure_text


def _columns(*names: str) -> RichTable:
    table = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name)
    return table


def budget(response: coordinator_pb2.CoordinatorServiceGetBudgetResponse) -> RenderableType:
    """Each node's accounts: spent and left, in epsilon and rho."""
    table = _columns("node", "population", "spent", "left (rho)", "reserved (rho)")
    for entry in response.budgets:
        if entry.WhichOneof("outcome") == "failure":
            table.add_row(entry.node, "-", failure_text(entry.failure), "-", "-")
            continue
        for account in entry.budget.accounts:
            left = account.budget_rho_nano - account.spent_rho_nano - account.reserved_rho_nano
            table.add_row(
                entry.node,
                account.population,
                budget_text(account.spent_rho_nano, account.budget_rho_nano, account.delta),
                f"{left / 1e9:.6f}",
                f"{account.reserved_rho_nano / 1e9:.6f}",
            )
    return table
