"""The way in for SQL text: a whole question, or one condition of a mapping."""

from concordat_query.catalogue import Dataset
from concordat_query.model import Condition
from concordat_query.sql.conditions import Scope, read_condition
from concordat_query.sql.source import read_source
from concordat_query.sql.tree import parse_expression
from concordat_query.sql.words import limit_condition


def parse_condition(text: str, dataset: Dataset) -> Condition:
    """A condition over the columns of one row, as WHERE would hold it. Raises SqlRefusal with the place at fault."""
    source = limit_condition(read_source(text))
    return read_condition(Scope(source, dataset.by_name), parse_expression(source))
