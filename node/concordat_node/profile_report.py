"""What an operator reads of a profile: before it is bought its price and precision, afterwards its figures."""

from collections.abc import Iterator

from concordat_privacy.accounting import WORD_OF, Currency
from concordat_privacy.enclosing import protection
from concordat_privacy.expectations import Profile
from concordat_privacy.margins import noise_margin
from concordat_privacy.profile import Losing, ProfilePlan, Subject, Vector
from concordat_query.catalogue import CellKey, Dataset
from concordat_query.model import NANO

from concordat_node.ledger.records import Balance

_WIDTH = 70


def offer(plan: ProfilePlan, dataset: Dataset, edition: str, balance: Balance, currency: Currency) -> str:
    """What the profile would cost and how precise it would be. Follows from public facts and the account alone."""
    request, population = plan.request, dataset.population
    price, share = request.price_nano, request.price_nano / balance.budget
    before, after, whole = (
        f"{currency.epsilon_of(nano):.4g}" for nano in (balance.spent, balance.spent + price, balance.budget)
    )
    lines = [
        f"{request.dataset}: a profile of edition {edition}",
        f"costs {currency.word} {price_text(price)}, which is {share:.3%} of the budget of {population}.",
        f"Spent before: epsilon {before}; after: {after}; the budget: {whole} (delta {currency.delta:g}).",
        *filter(None, [protection(price, currency, dataset)]),
        "It buys figures that in 95 of 100 cases are within:",
        *(_line(_name(vector), f"± {noise_margin([vector.law]):,}") for vector in plan.vectors),
        "What units may lose is told apart:",
        *(f"  {losing.value}" for losing in plan.losses),
        *_limits(plan),
        "What is spent never comes back. This edition can have no other profile, and this one will be public.",
    ]
    return "\n".join(lines)


def _limits(plan: ProfilePlan) -> Iterator[str]:
    """The limits by which units would lose rows or groups, where they could."""
    request = plan.request
    if Losing.GROUP in plan.losses or Losing.ROW_IN_CELL in plan.losses:
        cells = f"Cells are those of {', '.join(request.keys)}" if request.keys else "All rows are in one cell"
        yield f"{cells}; max_groups is {request.max_groups}, max_rows {request.max_rows}."


def report(profile: Profile, dataset: Dataset) -> str:
    """The profile's figures, each with its margin of error."""
    request = profile.plan.request
    price = f"{WORD_OF[request.calculus]} {price_text(request.price_nano)}"
    lines = [
        f"{request.dataset}: profile of edition {profile.edition}, bought for {price}.",
        "Every figure carries noise (±: half of its 95% interval) and may be negative. All of it is public.",
    ]
    for vector, figures in zip(profile.plan.vectors, profile.figures, strict=True):
        margin = noise_margin([vector.law])
        names = list(_entries(vector, profile.plan, dataset))
        if len(names) > 1 or vector.subject in (Subject.LOSSES, Subject.SIZES):
            lines.append(f"{_name(vector)}:")
        lines += [_line(name, f"{figure:,} ± {margin:,}") for name, figure in zip(names, figures, strict=True)]
    return "\n".join(lines)


def price_text(nano: int) -> str:
    return f"{nano / NANO:.9f}".rstrip("0").rstrip(".")


def _name(vector: Vector) -> str:
    return f"units by {vector.key}" if vector.subject is Subject.SIZES else vector.subject.value


def _entries(vector: Vector, plan: ProfilePlan, dataset: Dataset) -> Iterator[str]:
    match vector.subject:
        case Subject.LOSSES:
            yield from (f"  {losing.value}" for losing in plan.losses)
        case Subject.SIZES:
            yield from (f"  {_value(value)}" for value in dataset.column(vector.key or "").domain)
        case _:
            yield vector.subject.value


def _value(value: CellKey) -> str:
    return "missing" if value is None else str(value)


def _line(what: str, figure: str) -> str:
    return f"{what:<{_WIDTH}} {figure:>20}"
