"""What HAVING and ORDER BY may speak of: results by their names, keys, the nation, and expressions over aggregates."""

from dataclasses import dataclass

from sqlglot import exp

from concordat_query import rules
from concordat_query.canonical import canonical_scalar
from concordat_query.errors import Reason
from concordat_query.model import Expression, Scalar, ShownColumn, Subject
from concordat_query.sql.aggregates import holds_aggregate
from concordat_query.sql.conditions import named, read_scalar
from concordat_query.sql.expressions import Aggregates, Reader
from concordat_query.sql.items import Item
from concordat_query.sql.scope import Scope, unwrapped


@dataclass(frozen=True)
class Results:
    """The selected items, and the columns that names may mean otherwise. A result's name goes before a column's."""

    scope: Scope
    items: tuple[Item, ...]
    aggregates: Aggregates

    def subject(self, node: exp.Expr) -> Subject:
        """What a node speaks of. Refuses what is neither a result, nor grouped by, nor made of aggregates."""
        bare = unwrapped(node)
        if isinstance(bare, exp.Column):
            return self._named(bare)
        if self._is_key(bare):
            return self._key(bare, canonical_scalar(read_scalar(self.scope, bare)))
        return Reader(self.scope, self.aggregates, self._values).read(bare)

    def _is_key(self, node: exp.Expr) -> bool:
        """Whether a node speaks of what one row gives, and so of a key."""
        names = {column.name.lower() for column in node.find_all(exp.Column)}
        return bool(names) and not holds_aggregate(node) and not names & self._values.keys()

    def _key(self, node: exp.Expr, key: Scalar) -> Subject:
        for position, item in enumerate(self.items):
            if item.key == key:
                return ShownColumn(position)
        message = f"{named(key)} is neither grouped by nor counted; put it into GROUP BY, or into COUNT, SUM or AVG"
        raise self.scope.source.refusal_at_node(node, message)

    def at(self, position: int) -> Subject:
        """What stands in the selected column at a position from 0."""
        value = self.items[position].value
        return ShownColumn(position) if value is None else value

    def key_at(self, position: int) -> Scalar | None:
        """The key, or nation, that a column shows."""
        return self.items[position].key

    def position_of(self, key: Scalar) -> int:
        """The first column that shows a key."""
        return next(position for position, item in enumerate(self.items) if item.key == key)

    @property
    def _values(self) -> dict[str, Expression]:
        return {item.name.lower(): item.value for item in self.items if item.value is not None}

    def _named(self, node: exp.Column) -> Subject:
        name = node.name.lower()
        found = [position for position, item in enumerate(self.items) if item.name.lower() == name]
        if found:
            return self.at(found[0])
        if name in self.scope.dataset.by_name or any(item.key == name for item in self.items):
            return self._key(node, name)
        known = [item.name for item in self.items]
        message = f"there is no such result; {rules.nearest(name, known, 'there are')}"
        raise self.scope.source.refusal_at_node(node, message, Reason.UNKNOWN_COLUMN)
