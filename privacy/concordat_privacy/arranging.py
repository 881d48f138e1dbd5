"""HAVING, ORDER BY and LIMIT: which rows of a table stand, and in what order. Deterministic; ties keep their order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from concordat_query.catalogue import CellKey
from concordat_query.model import (
    AllOf,
    AnyOf,
    Comparator,
    Compared,
    Expression,
    Lacking,
    Listed,
    Literal,
    Not,
    Ordering,
    Presentation,
    RowCondition,
    ShownColumn,
    Subject,
)

Known = str | Decimal | date | float | int
Rank = Fraction | int

_HOLDS: dict[Comparator, Callable[[int], bool]] = {
    Comparator.EQUAL: lambda sign: sign == 0,
    Comparator.NOT_EQUAL: lambda sign: sign != 0,
    Comparator.LESS: lambda sign: sign < 0,
    Comparator.LESS_OR_EQUAL: lambda sign: sign <= 0,
    Comparator.GREATER: lambda sign: sign > 0,
    Comparator.GREATER_OR_EQUAL: lambda sign: sign >= 0,
}


@dataclass(frozen=True)
class Line:
    """A row as conditions see it. `keys`, the nation among them, go by the position of a column that shows them: None
    where missing or, in `summed`, summed over. `figures` has an entry for each expression, None where there is none.
    """

    keys: Mapping[int, CellKey]
    figures: Mapping[Expression, float | int | None]
    is_total: bool
    summed: frozenset[int]


def arranged(lines: Sequence[Line], presentation: Presentation, ranks: Mapping[int, Mapping[Known, int]]) -> list[int]:
    """Indexes of the lines that stand, in their order: plain rows, cut by LIMIT, then totals.

    `ranks` are the catalogue's order of each key's values, by the position of a column that shows it.
    """
    kept = [
        index
        for index, line in enumerate(lines)
        if presentation.having is None or _truth(presentation.having, line) is True
    ]
    for ordering in reversed(presentation.order):
        kept = _sorted(kept, lines, ordering, ranks)
    plain = [index for index in kept if not lines[index].is_total]
    end = None if presentation.limit is None else presentation.offset + presentation.limit
    return plain[presentation.offset : end] + [index for index in kept if lines[index].is_total]


def looked_at(presentation: Presentation) -> list[Expression]:
    """The expressions that HAVING and ORDER BY look at, each once."""
    found = [] if presentation.having is None else list(_subjects(presentation.having))
    found += [ordering.by for ordering in presentation.order]
    return list(dict.fromkeys(subject for subject in found if not isinstance(subject, ShownColumn)))


def chooses_by_figures(presentation: Presentation) -> bool:
    """Whether noisy figures decide which rows stand: by HAVING, or by LIMIT after HAVING or ORDER BY."""
    by_having = [] if presentation.having is None else list(_subjects(presentation.having))
    is_cut = presentation.limit is not None or presentation.offset > 0
    by_order = [ordering.by for ordering in presentation.order] if is_cut else []
    return any(not isinstance(subject, ShownColumn) for subject in (*by_having, *by_order))


def _subjects(condition: RowCondition) -> Iterator[Subject]:
    match condition:
        case Compared(subject) | Listed(subject) | Lacking(subject):
            yield subject
        case AllOf(terms) | AnyOf(terms):
            for term in terms:
                yield from _subjects(term)
        case Not(term):
            yield from _subjects(term)


def _value(line: Line, subject: Subject) -> Known | None:
    return line.keys[subject.position] if isinstance(subject, ShownColumn) else line.figures[subject]


def _sorted(
    indexes: list[int], lines: Sequence[Line], ordering: Ordering, ranks: Mapping[int, Mapping[Known, int]]
) -> list[int]:
    """Sorted by one term. What a key is summed over stands last in any case, what has no value where NULLS says."""
    by = ordering.by
    rank = ranks.get(by.position) if isinstance(by, ShownColumn) else None
    summed = [i for i in indexes if isinstance(by, ShownColumn) and by.position in lines[i].summed]
    others = [i for i in indexes if not (isinstance(by, ShownColumn) and by.position in lines[i].summed)]
    values = {i: _value(lines[i], by) for i in others}
    nulls = [i for i in others if values[i] is None]
    ranked: list[tuple[Rank, int]] = [
        (_number(value) if rank is None else rank[value], i) for i, value in values.items() if value is not None
    ]
    ranked.sort(key=lambda pair: pair[0], reverse=ordering.descending)
    known = [i for _, i in ranked]
    return (nulls + known if ordering.nulls_first else known + nulls) + summed


def _number(value: Known) -> Fraction:
    """A figure: keys, which may be texts and dates, have ranks."""
    assert not isinstance(value, str | date)  # noqa: S101
    return Fraction(value)


def _truth(condition: RowCondition, line: Line) -> bool | None:
    """True, False or, where a value is lacking, neither: SQL's three-valued logic."""
    match condition:
        case Compared(subject, comparator, literal):
            return _compared(_value(line, subject), comparator, literal)
        case Listed(subject, literals):
            value = _value(line, subject)
            return _any([_compared(value, Comparator.EQUAL, literal) for literal in literals])
        case Lacking(subject):
            return _value(line, subject) is None
        case AllOf(terms):
            return _not(_any([_not(_truth(term, line)) for term in terms]))
        case AnyOf(terms):
            return _any([_truth(term, line) for term in terms])
        case Not(term):
            return _not(_truth(term, line))


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _any(truths: list[bool | None]) -> bool | None:
    return True if True in truths else None if None in truths else False


def _compared(value: Known | None, comparator: Comparator, literal: Literal) -> bool | None:
    if isinstance(value, str) and isinstance(literal, str):
        if comparator not in (Comparator.EQUAL, Comparator.NOT_EQUAL):
            return None  # codes have no order
        return _HOLDS[comparator](int(value != literal))
    if isinstance(value, date) and isinstance(literal, date):
        return _HOLDS[comparator]((value > literal) - (value < literal))
    if value is None or isinstance(value, str | date) or isinstance(literal, str | date):
        return None
    return _HOLDS[comparator]((value > literal) - (value < literal))
