"""What `explain` and `budget` print."""

from collections.abc import Sequence

from concordat.v1 import coordinator_pb2
from concordat_privacy.margins import noise_margin
from concordat_privacy.plan import Component, Kind
from concordat_query.agreement import Agreement
from concordat_query.prose import counted, sentence
from concordat_query.rendering import condition_text, scalar_text
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from concordat_client.asking import SignedQuestion
from concordat_client.display import budget_text, failure_text, number_text


def _columns(*names: str) -> RichTable:
    table = RichTable(show_edge=False, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name)
    return table


def explanation(
    question: SignedQuestion, response: coordinator_pb2.CoordinatorServiceExplainResponse, agreement: Agreement
) -> RenderableType:
    """Cost and budget by node, then the noise margin of every component that the query needs."""
    nodes = _columns("node", "cost (rho)", "left after it (rho)", "remarks")
    for entry in response.quotes:
        nodes.add_row(entry.node, *_quote_cells(entry))
    components = _columns("released for each cell", "margin at one nation", "margin over the nations asked")
    nations = len(question.envelope.audience)
    for component in question.plan.components:
        components.add_row(component_text(component), *(_margin(component, n) for n in (1, nations)))
    plan = question.plan
    cells, rows = counted(plan.cells, "cell"), counted(plan.max_rows, "row")
    limits = f"Each unit counts in at most {plan.max_groups} of {cells} with at most {rows} in each."
    return Group(Text(f"epsilon {question.epsilon:g} at each node"), nodes, Text(""), components, Text(limits))


def _quote_cells(entry: coordinator_pb2.NodeQuote) -> tuple[str, str, str]:
    if entry.WhichOneof("outcome") == "failure":
        return "-", "-", failure_text(entry.failure)
    quote = entry.quote
    account = quote.account
    left = account.budget_rho_nano - account.spent_rho_nano - account.reserved_rho_nano - quote.rho_nano
    remarks = list(quote.differences)
    if quote.nothing_held:
        remarks.insert(0, "Holds nothing of what is asked; takes no part.")
    if quote.stored_answer:
        remarks.insert(0, "Answered before; served again free.")
    return f"{quote.rho_nano / 1e9:.6f}", f"{left / 1e9:.6f}", sentences(remarks)


def sentences(texts: Sequence[str]) -> str:
    """Texts that operators wrote, with or without a full stop, one after the other."""
    return " ".join(map(sentence, texts))


def component_text(component: Component) -> str:
    filtered = f" where {condition_text(component.filter)}" if component.filter is not None else ""
    match component.kind:
        case Kind.ROWS:
            subject = f"rows with {scalar_text(component.scalar)}" if component.scalar is not None else "rows"
        case Kind.UNITS:
            subject = "units" if not component.over else "units, in total"
        case Kind.SUM:
            subject = f"sum of {scalar_text(component.scalar or '')}"
        case Kind.CENTRED:
            subject = f"sum of {scalar_text(component.scalar or '')}, measured from the middle of its bounds"
    return subject + filtered


def _margin(component: Component, nations: int) -> str:
    margin = noise_margin((component.scale,) * nations) * component.step
    return f"± {number_text(float(margin), 0 if margin.denominator == 1 else 1)}"


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
