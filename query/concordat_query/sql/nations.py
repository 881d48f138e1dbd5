"""The nations as conditions see them."""

from concordat_query.catalogue import Catalogue, Column


def nation_column(catalogue: Catalogue) -> Column:
    """The nations as a column of codes, which conditions on nation are held against."""
    names = tuple(nation.name for nation in catalogue.nations)
    return Column(name="nations", type="code", description="the nations of the nodes", codes=names, nullable=False)
