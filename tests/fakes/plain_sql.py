"""Random questions, each as the language writes it and as plain DuckDB does, side by side.

DuckDB understands nearly the same SQL. DIV, MOD, WIDTH_BUCKET, EXTRACT and differences of dates are translated by
hand; numbers are kept in decimals, so that nothing is rounded. Neither the language's reader nor the engine has a part
in it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from fakes.plain_source import AREAS, DATASET, FIRST, HELD, LAST, SEXES, SITES

MAX_DECIMALS = 4


@dataclass(frozen=True)
class Text:
    """A scalar or condition: as it is asked, in plain SQL, and which columns it reads. `decimals` of a number."""

    asked: str
    plain: str
    reads: frozenset[str] = frozenset()
    decimals: int = 0


@dataclass(frozen=True)
class Counted:
    """An aggregate: as it is asked, and the plain SQL of a numerator and, for a mean, of what it is divided by."""

    asked: str
    numerator: str
    denominator: str | None
    reads: frozenset[str]


@dataclass(frozen=True)
class Figure:
    """A selected value: one aggregate, or two joined by an operator."""

    asked: str
    operator: str
    parts: tuple[Counted, ...]


@dataclass(frozen=True)
class Asked:
    """A question. `keys` are named k0, k1 ...; those from `rolled` on stand in ROLLUP. No limits: both None."""

    sql: str
    keys: tuple[Text, ...]
    rolled: int
    where: Text | None
    figures: tuple[Figure, ...]
    by_nation: bool
    nations: tuple[str, ...]
    max_groups: int | None
    max_rows: int | None


def held(reads: frozenset[str]) -> str:
    """For which rows all of these columns are held, as plain SQL."""
    return " AND ".join(HELD[name] for name in sorted(reads & HELD.keys())) or "true"


class Questions:
    """Random questions from a seed, without end."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # test data

    def ask(self) -> Asked:
        rng = self.rng
        keys = tuple(dict.fromkeys(self.key() for _ in range(rng.choice([0, 1, 1, 1, 2, 2]))))
        rolled = rng.randrange(len(keys) + 1) if rng.random() < 0.3 else len(keys)
        where = self.condition(2) if rng.random() < 0.6 else None
        figures = tuple(self.figure() for _ in range(rng.choice([1, 1, 2, 3])))
        by_nation = rng.random() < 0.4
        nation = rng.choice(["England", "Wales"]) if rng.random() < 0.15 else None
        if rolled < len(keys):  # what is partly held leaves other cells out of two aggregates than out of one
            figures = tuple(Figure(part.asked, "", (part,)) for figure in figures for part in figure.parts[:1])
        limits = [rng.choice([1, 1, 2, 3]) if rng.random() < 0.35 else None for _ in range(2)]
        return Asked(
            self._sql(keys, rolled, where, figures, by_nation, nation, limits),
            keys,
            rolled,
            where,
            figures,
            by_nation,
            ("England", "Wales") if nation is None else (nation,),
            *limits,
        )

    def _sql(
        self,
        keys: tuple[Text, ...],
        rolled: int,
        where: Text | None,
        figures: tuple[Figure, ...],
        by_nation: bool,
        nation: str | None,
        limits: list[int | None],
    ) -> str:
        named = zip(("max_groups_contributed", "max_rows_contributed"), limits, strict=True)
        options = ", ".join(f"{name} = {limit}" for name, limit in named if limit is not None)
        clause = f"WITH DIFFERENTIAL_PRIVACY OPTIONS ({options}) " if options else ""
        items = ["nation"] if by_nation else []
        items += [f"{key.asked} AS k{index}" for index, key in enumerate(keys)]
        items += [f"{figure.asked} AS v{index}" for index, figure in enumerate(figures)]
        terms = [f"({where.asked})"] if where else []
        terms += [f"nation = '{nation}'"] if nation else []
        grouped = ["nation"] if by_nation else []
        grouped += [f"k{index}" for index in range(rolled)]
        if rolled < len(keys):
            grouped.append(f"ROLLUP({', '.join(f'k{index}' for index in range(rolled, len(keys)))})")
        return (
            f"SELECT {clause}{', '.join(items)} FROM {DATASET}"  # noqa: S608  # made up here
            + (f" WHERE {' AND '.join(terms)}" if terms else "")
            + (f" GROUP BY {', '.join(grouped)}" if grouped else "")
        )

    # Scalars

    def number(self, depth: int) -> Text:
        """A number of at most MAX_DECIMALS decimals."""
        while True:
            found = self._number(depth)
            if found.decimals <= MAX_DECIMALS:
                return found

    def whole(self, depth: int) -> Text:
        while True:
            found = self._number(depth)
            if not found.decimals:
                return found

    def _number(self, depth: int) -> Text:
        leaves = [self._column, self._column, self._column, self._days, self._part]
        grown: list[Callable[[int], Text]] = [self._sum, self._product, self._div, self._mod, self.bucket, self._chosen]
        if depth <= 0 or self.rng.random() < 0.4:
            return self.rng.choice(leaves)()
        return self.rng.choice(grown)(depth - 1)

    def _column(self) -> Text:
        name, decimals = self.rng.choice([("nights", 0), ("band", 0), ("cost", 2), ("rate", 1)])
        return Text(name, name, frozenset({name}), decimals)

    def _days(self) -> Text:
        first, second = self.rng.choice([("gone", "seen"), ("seen", "gone"), ("seen", None)])
        if second is None:
            then = self._date()
            return Text(f"{first} - DATE '{then}'", f"date_diff('day', DATE '{then}', {first})", frozenset({first}))
        return Text(f"{first} - {second}", f"date_diff('day', {second}, {first})", frozenset({first, second}))

    def _part(self) -> Text:
        part, name = self.rng.choice(["YEAR", "QUARTER", "MONTH"]), self.rng.choice(["seen", "gone"])
        return Text(f"EXTRACT({part} FROM {name})", f"date_part('{part.lower()}', {name})", frozenset({name}))

    def _sum(self, depth: int) -> Text:
        left, right = self.number(depth), self._side(depth)
        sign = self.rng.choice("+-")
        decimals = max(left.decimals, right.decimals)
        return self._typed(
            f"({left.asked}) {sign} ({right.asked})", f"{left.plain} {sign} {right.plain}", (left, right), decimals
        )

    def _product(self, depth: int) -> Text:
        left, right = self.number(depth), self._literal(self.rng.choice(["-3", "0", "2", "0.5", "0.25", "10"]))
        plain = f"CAST({left.plain} AS DECIMAL(18, 4)) * {right.plain}"
        return self._typed(f"({left.asked}) * {right.asked}", plain, (left, right), left.decimals + right.decimals)

    def _side(self, depth: int) -> Text:
        return self._literal(self.rng.choice(["1", "7", "0.5"])) if self.rng.random() < 0.4 else self.number(depth)

    def _literal(self, text: str) -> Text:
        return Text(text, f"({text})", decimals=len(text.partition(".")[2]))

    def _typed(self, asked: str, plain: str, parts: tuple[Text, ...], decimals: int) -> Text:
        """Casts keep every intermediate result exact."""
        kind = f"DECIMAL(18, {MAX_DECIMALS})" if decimals else "BIGINT"
        reads = frozenset[str]().union(*(part.reads for part in parts))
        return Text(asked, f"CAST({plain} AS {kind})", reads, decimals)

    def _div(self, depth: int) -> Text:
        number, by = self.whole(depth), self.rng.choice([-7, -2, 1, 2, 3, 10])
        return Text(f"DIV({number.asked}, {by})", f"CAST(trunc({number.plain} / {by}) AS BIGINT)", number.reads)

    def _mod(self, depth: int) -> Text:
        number, by = self.whole(depth), self.rng.choice([-7, -2, 2, 3, 10])
        rest = f"{number.plain} - ({by}) * CAST(trunc({number.plain} / {by}) AS BIGINT)"
        return Text(f"MOD({number.asked}, {by})", f"({rest})", number.reads)

    def bucket(self, depth: int) -> Text:
        number = self.number(depth)
        lower, upper = self.rng.choice([("0", "10"), ("-5", "250"), ("0", "0.3"), ("1.5", "40"), ("-2.5", "7.25")])
        count = self.rng.choice([1, 2, 3, 5])
        above = f"(CAST({number.plain} AS DECIMAL(18, 4)) - ({lower})) * {count}"
        width = Decimal(upper) - Decimal(lower)
        ends = " ".join(f"WHEN {above} < {part * width} THEN {part}" for part in range(count + 1))
        plain = f"(CASE WHEN {number.plain} IS NULL THEN NULL {ends} ELSE {count + 1} END)"
        return Text(f"WIDTH_BUCKET({number.asked}, {lower}, {upper}, {count})", plain, number.reads)

    def _chosen(self, depth: int) -> Text:
        """A CASE of numbers."""
        when, then = self.condition(1), self.number(depth)
        other = self.rng.choice([None, self.number(depth), self._literal("1.5")])
        asked = f"CASE WHEN {when.asked} THEN {then.asked}" + (f" ELSE {other.asked}" if other else "") + " END"
        plain = f"CASE WHEN {when.plain} THEN {then.plain}" + (f" ELSE {other.plain}" if other else "") + " END"
        parts = (when, then, other) if other else (when, then)
        return self._typed(asked, plain, parts, max(part.decimals for part in parts))

    def label(self) -> Text:
        """A CASE of texts."""
        branches = [(self.condition(1), self.rng.choice(["x", "y", "z"])) for _ in range(self.rng.choice([1, 2]))]
        end = self.rng.choice(["", " ELSE 'rest'", " ELSE 'x'", " ELSE NULL"]) + " END"
        reads = frozenset[str]().union(*(when.reads for when, _ in branches))
        asked = "CASE " + " ".join(f"WHEN {when.asked} THEN '{label}'" for when, label in branches) + end
        plain = "CASE " + " ".join(f"WHEN {when.plain} THEN '{label}'" for when, label in branches) + end
        return Text(asked, plain, reads)

    def simple_case(self) -> Text:
        text = "CASE site WHEN 'A' THEN 'first' WHEN 'B' THEN 'second' END"
        return Text(text, text, frozenset({"site"}))

    def key(self) -> Text:
        plain_columns = [Text(name, name, frozenset({name})) for name in ("site", "sex", "area", "band")]
        choice = self.rng.random()
        if choice < 0.4:
            return self.rng.choice(plain_columns)
        made: list[Callable[[], Text]] = [
            lambda: self.bucket(1),
            self._part,
            self.label,
            self.simple_case,
            lambda: self._div(0),
            lambda: self._mod(0),
            lambda: self._chosen(0),
            lambda: self._product(0),
        ]
        return self.rng.choice(made)()

    # Conditions

    def condition(self, depth: int) -> Text:
        if depth <= 0 or self.rng.random() < 0.45:
            return self._leaf()
        joined = self.rng.choice([" AND ", " OR ", "NOT "])
        if joined == "NOT ":
            inner = self.condition(depth - 1)
            return Text(f"NOT ({inner.asked})", f"NOT ({inner.plain})", inner.reads)
        terms = [self.condition(depth - 1) for _ in range(self.rng.choice([2, 2, 3]))]
        return Text(
            joined.join(f"({term.asked})" for term in terms),
            joined.join(f"({term.plain})" for term in terms),
            frozenset[str]().union(*(term.reads for term in terms)),
        )

    def _leaf(self) -> Text:
        return self.rng.choice(
            [self._compared, self._compared, self._two, self._ranged, self._listed, self._null, self._day, self._coded]
        )()

    def _compared(self) -> Text:
        number, sign = self.number(1), self.rng.choice(["=", "<>", "!=", "<", "<=", ">", ">="])
        literal = self._near(number.decimals)
        if self.rng.random() < 0.2:
            return Text(f"{literal} {sign} {number.asked}", f"{literal} {sign} {number.plain}", number.reads)
        return Text(f"{number.asked} {sign} {literal}", f"{number.plain} {sign} {literal}", number.reads)

    def _near(self, decimals: int) -> str:
        whole = self.rng.choice([-3, 0, 1, 2, 3, 5, 10, 40, 100, 2023])
        return str(whole) if not decimals or self.rng.random() < 0.5 else f"{whole}.5"

    def _two(self) -> Text:
        left, right = self.number(1), self.number(0)
        sign = self.rng.choice(["=", "<>", "<", "<=", ">", ">="])
        return Text(
            f"{left.asked} {sign} {right.asked}", f"{left.plain} {sign} {right.plain}", left.reads | right.reads
        )

    def _ranged(self) -> Text:
        number, word = self.number(1), self.rng.choice(["BETWEEN", "NOT BETWEEN"])
        ends = f"{word} {self._near(number.decimals)} AND {self._near(number.decimals)}"
        return Text(f"{number.asked} {ends}", f"{number.plain} {ends}", number.reads)

    def _listed(self) -> Text:
        number, word = self.number(1), self.rng.choice(["IN", "NOT IN"])
        members = f"{word} ({', '.join(self._near(number.decimals) for _ in range(self.rng.choice([1, 2, 4])))})"
        return Text(f"{number.asked} {members}", f"{number.plain} {members}", number.reads)

    def _null(self) -> Text:
        word = self.rng.choice(["IS NULL", "IS NOT NULL"])
        number = Text("sex", "sex", frozenset({"sex"})) if self.rng.random() < 0.5 else self.number(1)
        return Text(f"{number.asked} {word}", f"{number.plain} {word}", number.reads)

    def _date(self) -> str:
        return str(FIRST + timedelta(self.rng.randrange(-5, (LAST - FIRST).days + 5)))

    def _day(self) -> Text:
        name, sign = self.rng.choice(["seen", "gone"]), self.rng.choice(["=", "<>", "<", "<=", ">", ">="])
        if self.rng.random() < 0.2:
            return Text(f"seen {sign} gone", f"seen {sign} gone", frozenset({"seen", "gone"}))
        text = f"{name} {sign} DATE '{self._date()}'"
        return Text(text, text, frozenset({name}))

    def _coded(self) -> Text:
        name, codes = self.rng.choice([("site", SITES), ("sex", SEXES), ("area", AREAS)])
        some = ", ".join(f"'{code}'" for code in self.rng.sample(codes, 2))
        test = self.rng.choice([f"= '{codes[0]}'", f"<> '{codes[1]}'", f"IN ({some})", f"NOT IN ({some})"])
        if self.rng.random() < 0.2:
            label = self.label()
            test = "= 'x'" if "'x'" in label.asked else "IS NULL"
            return Text(f"{label.asked} {test}", f"({label.plain}) {test}", label.reads)
        return Text(f"{name} {test}", f"{name} {test}", frozenset({name}))

    # Aggregates

    def figure(self) -> Figure:
        first = self.aggregate()
        if self.rng.random() < 0.75:
            return Figure(first.asked, "", (first,))
        second, operator = self.aggregate(), self.rng.choice("+-/")
        if operator == "/" and second.denominator is not None:  # a mean of 0 is not quite 0 in floating point
            operator = "-"
        return Figure(f"{first.asked} {operator} {second.asked}", operator, (first, second))

    def aggregate(self) -> Counted:
        kind = self.rng.choice(["rows", "values", "if", "sum", "sum", "mean", "mean", "units", "units", "percentile"])
        condition = self.condition(1) if self.rng.random() < 0.35 else None
        match kind:
            case "rows":
                return self._counted("COUNT(*)", "count(*)", None, frozenset(), condition)
            case "values":
                number = self.number(1)
                return self._counted(f"COUNT({number.asked})", f"count({number.plain})", None, number.reads, condition)
            case "if":
                found = self.condition(1)
                both = found if condition is None else self._and(found, condition)
                counted = self._counted("", "count(*)", None, frozenset(), both)
                filtered = f" FILTER (WHERE {condition.asked})" if condition else ""
                return Counted(f"COUNTIF({found.asked}){filtered}", counted.numerator, None, counted.reads)
            case "units":
                return self._counted("COUNT(DISTINCT unit)", "count(DISTINCT unit)", None, frozenset(), condition)
            case "percentile":  # of few values: others are right to a bin alone
                number = self.rng.choice([Text("nights", "nights", frozenset({"nights"})), self._part()])
                fraction = self.rng.choice(["0", "0.25", "0.5", "0.9", "1"])
                asked = (
                    f"MEDIAN({number.asked})" if fraction == "0.5" else f"PERCENTILE_CONT({number.asked}, {fraction})"
                )
                above = f"quantile_cont(CAST({number.plain} AS DOUBLE), {fraction})"
                any_at_all = f"max(CASE WHEN {number.plain} IS NOT NULL THEN 1 END)"
                return self._counted(asked, above, any_at_all, number.reads, condition)
        number = self.number(1)
        name, below = ("SUM", None) if kind == "sum" else ("AVG", f"count({number.plain})")
        return self._counted(f"{name}({number.asked})", f"sum({number.plain})", below, number.reads, condition)

    def _and(self, left: Text, right: Text) -> Text:
        return Text("", f"({left.plain}) AND ({right.plain})", left.reads | right.reads)

    def _counted(
        self, asked: str, above: str, below: str | None, reads: frozenset[str], condition: Text | None
    ) -> Counted:
        """An aggregate sees rows for which its own columns are held, and its condition is true."""
        reads |= condition.reads if condition else frozenset()
        seen = held(reads) + (f" AND ({condition.plain})" if condition else "")
        return Counted(
            asked + (f" FILTER (WHERE {condition.asked})" if condition else ""),
            f"{above} FILTER (WHERE {seen})",
            f"{below} FILTER (WHERE {seen})" if below else None,
            reads,
        )
