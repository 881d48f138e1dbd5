"""Two catalogue files side by side: what must be imported again, and which columns may mean something else."""

from collections.abc import Iterator

from concordat_query.catalogue import Catalogue, Column, Dataset

_WORDS = frozenset({"name", "description", "key", "across_nations", "across_nations_note", "since"})
"""Fields of a column that say nothing of the values it takes."""


def comparison(ours: Catalogue, other: Catalogue) -> list[str]:
    """Line by line, what `other` changes of `ours`."""
    if ours.sha256 == other.sha256:
        return [f"Both are the same, version {ours.version}."]
    lines = [f"From version {ours.version} to version {other.version}. A new agreement must name the new hash."]
    if ours.version == other.version:
        lines.append(f"They differ, and both say that they are version {ours.version}: one needs another number.")
    for name in dict.fromkeys((*ours.datasets, *other.datasets)):
        lines += _dataset(name, ours.datasets.get(name), other.datasets.get(name))
    return lines


def _dataset(name: str, ours: Dataset | None, other: Dataset | None) -> list[str]:
    if ours is None:
        return [f"{name}: new; whoever holds it imports it."]
    if other is None:
        return [f"{name}: taken out; it can no longer be asked."]
    if ours.definition_sha256 == other.definition_sha256:
        return [f"{name}: the same; editions stay in force."]
    lines = [f"{name}: every node must import it again."]
    if _protected(ours) != _protected(other):
        lines.append("  What is protected, or its limit of rows, is another.")
    return lines + [f"  {line}" for line in _columns(ours, other)]


def _protected(dataset: Dataset) -> tuple[object, ...]:
    return dataset.unit, dataset.encloses, dataset.population, dataset.max_rows_per_unit


def _columns(ours: Dataset, other: Dataset) -> Iterator[str]:
    for name in dict.fromkeys((*ours.by_name, *other.by_name)):
        before, after = ours.by_name.get(name), other.by_name.get(name)
        if before is None:
            yield f"{name}: new."
        elif after is None:
            yield f"{name}: taken out."
        elif changed := _changed(before, after):
            yield f"{name}: {_what(changed)}"


def _changed(before: Column, after: Column) -> list[str]:
    return [field for field in Column.model_fields if getattr(before, field) != getattr(after, field)]


def _what(changed: list[str]) -> str:
    if values := [field for field in changed if field not in _WORDS]:
        return f"takes other values ({', '.join(values)}); if any means something else, give the column another name."
    if "description" in changed:
        return f"is described otherwise ({', '.join(changed)}); if it means something else, give it another name."
    return f"keeps its meaning ({', '.join(changed)})."
