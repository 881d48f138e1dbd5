"""Answers to a query with a private key, each over the texts that its node released, brought to those of all nodes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from concordat_query.catalogue import OTHER, Catalogue

from concordat_privacy.merge import NodeAnswer
from concordat_privacy.plan import Plan, plan


def over_all_texts(
    catalogue: Catalogue, planned: Plan, answers: Sequence[NodeAnswer]
) -> tuple[Catalogue, Plan, list[NodeAnswer]]:
    """Catalogue, plan and answers in which the texts of all answers are known; as they are without a private key.

    What a node did not release has no part of it: it stays in that node's group of all others.
    """
    if planned.selection is None:
        return catalogue, planned, list(answers)
    dataset, column = planned.query.dataset, str(planned.query.keys[planned.selection.key])
    texts = tuple(sorted(set[str]().union(*(answer.texts for answer in answers))))
    known = catalogue.with_texts(dataset, column, texts)
    over_all = plan(planned.query, known.dataset(dataset))
    return known, over_all, [_widened(answer, over_all, texts) for answer in answers]


def _widened(answer: NodeAnswer, over_all: Plan, texts: tuple[str, ...]) -> NodeAnswer:
    """Raises VerificationError as `tabulate` does where a vector does not fit: it is left as it is."""
    position = {text: index for index, text in enumerate(texts)}
    rest = len(over_all.domains[_key(over_all)]) - len(texts)
    places = [*(position[text] for text in answer.texts), *range(len(texts), len(texts) + rest)]
    vectors = {index: _spread(over_all, index, vector, places) for index, vector in answer.components.items()}
    return replace(answer, components=vectors)


def _spread(over_all: Plan, index: int, vector: npt.NDArray[np.int64], places: list[int]) -> npt.NDArray[np.int64]:
    """A vector over a node's own texts, with zeros for all others'."""
    component = over_all.components[index]
    keys = over_all.keys_of(component)
    if _key(over_all) not in keys:
        return vector
    axis = keys.index(_key(over_all))
    shape = [*(len(over_all.domains[key]) for key in keys), component.length // component.cells]
    own = [len(places) if each == axis else size for each, size in enumerate(shape)]
    if vector.size != np.prod(own):
        return vector
    wide = np.zeros(shape, dtype=np.int64)
    wide[(slice(None),) * axis + (places,)] = vector.reshape(own)
    return wide.reshape(-1)


def _key(planned: Plan) -> int:
    assert planned.selection is not None  # noqa: S101  # asked by the only caller
    return planned.selection.key


def unreleased(planned: Plan, answer: NodeAnswer) -> npt.NDArray[np.bool_]:
    """For each cell whether it is of a text that this node did not release."""
    if planned.selection is None:
        return np.zeros(planned.cells, dtype=np.bool_)
    key = planned.selection.key
    own, column = frozenset(answer.texts), planned.domains[key]
    always = {OTHER, None}
    hidden = np.array([text not in own and text not in always for text in column])
    shape = [len(domain) for domain in planned.domains]
    aligned = hidden.reshape([-1 if axis == key else 1 for axis in range(len(shape))])
    found: npt.NDArray[np.bool_] = np.broadcast_to(aligned, shape).reshape(-1)
    return found
