"""Which figures may be added up over nations. Follows from the catalogue and the query alone.

The keys and WHERE touch every value of a query, an aggregate's own column and filter touch that value only. Clients
ask before they sign, coordinators before any node is asked, and whoever makes or verifies a table once more.
"""

from collections.abc import Collection, Iterable

from concordat_query.catalogue import AcrossNations, Column, Dataset
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Query, columns_in, columns_of
from concordat_query.prose import sentence


def touching(query: Query, dataset: Dataset, aggregates: Iterable[int], how: AcrossNations) -> tuple[Column, ...]:
    """The columns that compare across nations as said and touch a value made of these aggregates, in order."""
    touched = columns_of(query.where).union(*map(columns_in, query.keys))
    for index in aggregates:
        aggregate = query.aggregates[index]
        touched |= columns_of(aggregate.filter).union(*map(columns_in, aggregate.scalars))
    return tuple(column for column in dataset.columns if column.name in touched and column.across_nations == how)


def wrongly_merged(query: Query, dataset: Dataset, *, by_nation: bool, nations: Collection[str]) -> Column | None:
    """A column for which the query must not be asked of these nations at once, since it would add them up."""
    if by_nation or len(set(nations)) < 2:
        return None
    found = touching(query, dataset, range(len(query.aggregates)), "not comparable")
    return found[0] if found else None


def merging_refused(column: Column) -> str:
    """Why figures that touch the column are not added up over nations, and what to write instead."""
    return (
        f"{column.name} does not compare across nations, so nations cannot be added up here: "
        f"{sentence(column.across_nations_note.strip())} "
        "Select nation and add it to GROUP BY, or ask one nation by WHERE nation = '...'"
    )


def check_merging(query: Query, dataset: Dataset, *, by_nation: bool, nations: Collection[str]) -> None:
    """Refuses NOT_COMPARABLE where `wrongly_merged` finds a column."""
    column = wrongly_merged(query, dataset, by_nation=by_nation, nations=nations)
    if column is not None:
        raise Refusal(Reason.NOT_COMPARABLE, merging_refused(column), field="presentation.by_nation")
