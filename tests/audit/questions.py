"""Random questions with every statistic. A further statistic is a further line of STATISTICS."""

from fakes.plain_sql import Counted, Questions, Text

STATISTICS = (
    "COUNT(*)",
    "COUNT({x})",
    "COUNTIF({c})",
    "COUNT(DISTINCT unit)",
    "SUM({x})",
    "AVG({x})",
    "VAR_SAMP({x})",
    "VAR_POP({x})",
    "STDDEV_SAMP({x})",
    "STDDEV_POP({x})",
    "COVAR_SAMP({x}, {y})",
    "COVAR_POP({x}, {y})",
    "CORR({x}, {y})",
    "REGR_SLOPE({x}, {y})",
    "REGR_INTERCEPT({x}, {y})",
    "MEDIAN({x})",
    "PERCENTILE_CONT({x}, 0.9)",
)
"""Over numbers x and y and a condition c."""

ATTAINED_AT = {"MEDIAN({x})": "250 - cost", "PERCENTILE_CONT({x}, 0.9)": "250 - cost"}
"""What to ask of, for a unit at its upper bounds, where that is not the cost itself."""


class EveryStatistic(Questions):
    """Questions that are only asked, not answered plainly: with any statistic and any price."""

    def aggregate(self) -> Counted:
        x, y, c = self.number(1), self.number(0), self.condition(1)
        asked = self.rng.choice(STATISTICS).format(x=x.asked, y=y.asked, c=c.asked)
        where = self.condition(1) if self.rng.random() < 0.3 else None
        parts: list[Text] = [x, y, c, *([where] if where else [])]
        reads = frozenset[str]().union(*(part.reads for part in parts))
        return Counted(f"{asked} FILTER (WHERE {where.asked})" if where else asked, "", None, reads)

    def sql(self) -> str:
        """A question at a price of its own."""
        text, epsilon = self.ask().sql, self.rng.choice(["0.01", "0.5", "1", "8", "50"])
        if "OPTIONS (" in text:
            return text.replace("OPTIONS (", f"OPTIONS (epsilon = {epsilon}, ", 1)
        return text.replace("SELECT ", f"SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = {epsilon}) ", 1)
