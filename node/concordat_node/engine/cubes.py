"""Which of a data set's declared cubes answers a query, and which queries a cube answers.

A cube is the choice of rows, made once at import, for queries that group by exactly its keys under exactly its limits
and whose WHERE sets each of its `for_each` columns equal to a value and asks nothing else. Bit i of an edition's column
`cubes` tells whether the row counts in cube i: a row has one value in each of these columns, so one bit serves all.
"""

import itertools
from collections.abc import Iterator

from concordat_query.canonical import canonical_keys
from concordat_query.catalogue import Cube, Dataset
from concordat_query.model import Comparator, Comparison, Condition, Conjunction, Query

from concordat_node.engine.limits import limits_of


def serving(query: Query, dataset: Dataset) -> int | None:
    """The position of the cube that answers the query, None where none does. Follows from the catalogue alone."""
    for position, cube in enumerate(dataset.cubes):
        if query.keys == canonical_keys(cube.keys) and _pinned(query.where) == sorted(cube.for_each):
            asked, stored = (limits_of(cube.keys, of.max_groups, of.max_rows, dataset) for of in (query, cube))
            if asked == stored:
                return position
    return None


def conditions(cube: Cube, dataset: Dataset) -> Iterator[Condition | None]:
    """WHERE of every query that the cube answers, one for each combination of values of its `for_each` columns."""
    columns = [dataset.column(name) for name in cube.for_each]
    for values in itertools.product(*(column.domain for column in columns)):
        terms = tuple(
            Comparison(column.name, Comparator.EQUAL, value)
            for column, value in zip(columns, values, strict=True)
            if value is not None
        )
        if len(terms) == len(columns):  # nothing is equal to a missing value
            yield None if not terms else terms[0] if len(terms) == 1 else Conjunction(terms)


def _pinned(where: Condition | None) -> list[str] | None:
    """The columns of a WHERE that does nothing but set columns equal to literals, sorted; None for any other."""
    terms = () if where is None else where.terms if isinstance(where, Conjunction) else (where,)
    pins = [term for term in terms if isinstance(term, Comparison) and term.comparator is Comparator.EQUAL]
    names = [pin.scalar for pin in pins if isinstance(pin.scalar, str)]
    return sorted(names) if len(names) == len(terms) else None
