"""Values that are not added up over nations, and what is said of those that are, by the catalogue's own words."""

from concordat_query.catalogue import Dataset
from concordat_query.comparability import merging_refused, touching, wrongly_merged
from concordat_query.errors import VerificationError
from concordat_query.prose import sentence

from concordat_privacy.plan import Plan
from concordat_privacy.standing import Code, Standing, aggregates_of


def kept_apart(plan: Plan, dataset: Dataset, stand: Standing, *, by_nation: bool) -> tuple[bool, ...]:
    """For each value, whether its nations must stay apart. Raises VerificationError where they would be merged."""
    column = wrongly_merged(plan.query, dataset, by_nation=by_nation, nations=stand.nations)
    if column is not None:
        raise VerificationError(merging_refused(column), field="presentation.by_nation")
    used = [aggregates_of(value.value) for value in stand.values]
    return tuple(bool(touching(plan.query, dataset, indexes, "not comparable")) for indexes in used)


def comparability_notes(plan: Plan, dataset: Dataset, stand: Standing, *, by_nation: bool) -> list[str]:
    """Once for each column: which values have no total because of it, or are merged over nations with its caveat."""
    apart: dict[str, list[str]] = {}
    caveats: dict[str, list[str]] = {}
    merged = (stand.codes >= Code.INCOMPLETE).sum(axis=0).max(axis=1, initial=0) > 1
    for index, value in enumerate(stand.values):
        used = aggregates_of(value.value)
        barring = touching(plan.query, dataset, used, "not comparable") if len(stand.nations) > 1 else ()
        for column in barring:
            text = f"no total over nations is made, since {column.name} does not compare across them"
            apart.setdefault(f"{text}. {column.across_nations_note.strip()}", []).append(value.name)
        for column in touching(plan.query, dataset, used, "with caveat") if merged[index] and not barring else ():
            what = "totals over nations touch" if by_nation else "nations are added up over"
            text = f"{what} {column.name}, which compares with a caveat"
            caveats.setdefault(f"{text}. {column.across_nations_note.strip()}", []).append(value.name)
    return [f"{', '.join(names)}: {sentence(text)}" for found in (apart, caveats) for text, names in found.items()]
