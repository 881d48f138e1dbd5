"""What an agreement permits, for tests of something else."""

from concordat_query.agreement import Permission
from concordat_query.catalogue import Dataset
from concordat_query.model import Statistic


def permits_everything(dataset: Dataset) -> Permission:
    return Permission(
        columns=tuple(dataset.by_name),
        keys=tuple(column.name for column in dataset.columns if column.may_be_key),
        statistics=tuple(Statistic),
        max_groups=1000,
        max_rows=10_000,
        max_epsilon=100,
    )
