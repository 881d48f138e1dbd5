"""The nations as conditions see them."""

from functools import lru_cache

from concordat_query.catalogue import Catalogue, Column, Dataset

NATION = "nation"


def nations_of(catalogue: Catalogue) -> Dataset:
    """The nodes as a data set of one column of codes, which conditions on nation are held against."""
    return _nations(tuple(nation.name for nation in catalogue.nations))


@lru_cache(maxsize=8)
def _nations(names: tuple[str, ...]) -> Dataset:
    """No file could hold it: the name is reserved."""
    column = Column.model_construct(name=NATION, type="code", description="", codes=names, nullable=False)
    return Dataset.model_construct(unit="node", columns=(column,))
