"""Random questions about patients and their practices, most of them by practice, a private key; and neighbouring
sources, which differ by one patient: as it comes, or with texts of its own, of others, or at every limit."""

import random
from collections.abc import Iterator, Sequence

from audit.questions import STATISTICS
from fakes.private_texts import DATASET, Record

MOST = 5
"""The most rows of a patient."""
PRACTICES = [f"Practice {number}" for number in range(12)]
_NEW = "the unit in question"
_NUMBERS = ("age", "DIV(age, 10)", "2 * age - 30", "CASE WHEN sex = 'Male' THEN age END")
_CONDITIONS = ("age > 30", "sex = 'Male'", "age BETWEEN 20 AND 60", "practice IS NOT NULL", "MOD(age, 3) <> 1")
_OTHER_KEYS = ("sex", "DIV(age, 30)", "CASE WHEN age > 50 THEN 'old' END")


class WithPrivateKeys:
    """Questions from a seed, without end: four in five have a private key."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311  # test data

    def sql(self) -> str:
        rng = self.rng
        is_private = rng.random() < 0.8
        keys = (["practice"] if is_private else []) + [key for key in _OTHER_KEYS if rng.random() < 0.2]
        rng.shuffle(keys)
        named = [f"{key} AS k{place}" for place, key in enumerate(keys)]
        figures = [f"{self._figure()} AS v{place}" for place in range(rng.choice([1, 1, 2, 3]))]
        where = f" WHERE {rng.choice(_CONDITIONS)}" if rng.random() < 0.5 else ""
        by = [f"k{place}" for place in range(len(keys))]
        if by and rng.random() < 0.25:
            by[-1] = f"ROLLUP({by[-1]})"
        text = f"SELECT {self._options(is_private=is_private)} {', '.join([*named, *figures])} FROM {DATASET}{where}"  # noqa: S608
        return text + (f" GROUP BY {', '.join(by)}" if by else "")

    def _figure(self) -> str:
        x, y, c = (self.rng.choice(each) for each in (_NUMBERS, _NUMBERS, _CONDITIONS))
        asked = self.rng.choice(STATISTICS).format(x=x, y=y, c=c)
        return f"{asked} FILTER (WHERE {self.rng.choice(_CONDITIONS)})" if self.rng.random() < 0.2 else asked

    def _options(self, *, is_private: bool) -> str:
        options = [f"epsilon = {self.rng.choice([1, 50, 100])}"]
        if is_private:
            options += ["private_keys = TRUE", f"delta = {self.rng.choice(['1e-12', '1e-6', '1e-6'])}"]
        for name in ("max_groups_contributed", "max_rows_contributed"):
            if self.rng.random() < 0.7:
                options.append(f"{name} = {self.rng.choice([1, 2, 3, 9])}")
        return f"WITH DIFFERENTIAL_PRIVACY OPTIONS ({', '.join(options)})"


def random_records(seed: int) -> list[Record]:
    """Patients with one to eight rows. Some practices have many, some one alone; some values are none."""
    rng = random.Random(seed)  # noqa: S311  # test data
    popular = [*PRACTICES, ""]
    weights = range(1, 1 + len(popular))
    rows = []
    for patient in range(70):
        own = rng.choices(popular, weights, k=rng.choice([1, 1, 2, 4]))
        for _ in range(rng.choice([1, 1, 2, 3, MOST, MOST + 3])):
            age = rng.choice(["", "-5", "200", str(rng.randint(0, 100))])
            rows.append((f"p{patient}", rng.choice(own), rng.choice(["Male", "Female", "?"]), age))
    return rows


def neighbours(rows: Sequence[Record], seed: int) -> Iterator[tuple[str, list[Record]]]:
    """What was changed, and the records that it gives."""
    rng = random.Random(seed)  # noqa: S311  # test data
    for gone in rng.sample(sorted({row[0] for row in rows}), 3):
        yield f"without {gone}", [row for row in rows if row[0] != gone]
    for what, own in _units(rng).items():
        mixed = [*rows, *((_NEW, *values) for values in own)]
        rng.shuffle(mixed)
        yield f"with {what}", mixed


def _units(rng: random.Random) -> dict[str, list[tuple[str, str, str]]]:
    alone = [f"Only here {number}" for number in range(MOST)]
    wild = [*PRACTICES, *alone, "", "x" * 99, "a\0b", "(other)", "  Practice   1 "]
    return {
        "a text of its own in each row": [(text, "Male", "100") for text in alone],
        "a text of others in each row": [(text, "Male", "100") for text in PRACTICES[:MOST]],
        "some of its own and some of others": [(text, "Male", "0") for text in (*alone[:2], *PRACTICES[:3])],
        "one text in all rows": [(PRACTICES[2], "Male", "100")] * MOST,
        "more rows than a unit may have, of all kinds": [
            (rng.choice(wild), rng.choice(["Male", "Female", ""]), rng.choice(["", "0", "100", "-9", "x"]))
            for _ in range(30)
        ],
        "nothing but what is missing": [("", "", "")] * 3,
    }
