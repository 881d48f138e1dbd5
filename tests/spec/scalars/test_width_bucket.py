"""WIDTH_BUCKET(x, lower, upper, n): 1 to n for equal parts from lower to below upper, 0 below, n + 1 from upper on."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences


@sentences(
    {
        "equal parts, each with its lower end, and what is missing last": (
            "WIDTH_BUCKET(nights, 0, 10, 5)",
            {1: "b f o", 2: "a e n", 3: "h i", 4: "j k", 5: "m p", 6: "d g", None: "c l"},
        ),
        "below the lower bound stands 0": (
            "WIDTH_BUCKET(cost, 0, 100, 4)",
            {0: "f", 1: "b e h l n o", 2: "i k", 3: "g", 4: "c j p", 5: "a d m"},
        ),
        "parts need not be whole": (
            "WIDTH_BUCKET(nights, 0, 10, 3)",
            {1: "a b e f n o", 2: "h i k", 3: "j m p", 4: "d g", None: "c l"},
        ),
        "ends of parts are exact in decimals": (
            "WIDTH_BUCKET(nights * 0.1, 0, 0.9, 3)",
            {1: "b e f n o", 2: "a h i", 3: "j k m", 4: "d g p", None: "c l"},
        ),
        "one part": ("WIDTH_BUCKET(nights, 1, 31, 1)", {0: "b", 1: "a d e f g h i j k m n o p", None: "c l"}),
        "bounds may be negative": (
            "WIDTH_BUCKET(cost, -5, 245, 2)",
            {1: "b c e f g h i j k l n o p", 2: "a m", 3: "d"},
        ),
        "buckets that no value reaches are not listed": (
            "WIDTH_BUCKET(priority, 0, 100, 10)",
            {1: "a b c d e f g h i j k l m n o p"},
        ),
        "days between dates": (
            "WIDTH_BUCKET(discharged - admitted, 0, 14, 2)",
            {0: "", 1: "a b e f h k n o", 2: "d m p", 3: "g", None: "c i j l"},
        ),
    }
)
def test_width_bucket_as_a_group_key(spec: Specification, written: str, gives: dict[Shown, str]) -> None:
    found = spec.groups(written)
    assert found == gives
    assert list(found) == list(gives)


@sentences(
    {
        "in a condition": ("WIDTH_BUCKET(nights, 0, 10, 5) = 2", "a e n"),
        "its last bucket begins at the upper bound": ("WIDTH_BUCKET(nights, 0, 10, 5) > 5", "d g"),
    }
)
def test_width_bucket_in_a_condition(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


def grouped(bucket: str) -> str:
    return f"SELECT {bucket} AS k, COUNT(*) AS n {FROM} GROUP BY k"


REFUSED: dict[str, Refused] = {
    "bounds the wrong way round": (grouped("¦WIDTH_BUCKET(nights, 10, 0, 5)"), Reason.WRONG_TYPE, "lower < upper"),
    "no part": (grouped("¦WIDTH_BUCKET(nights, 0, 10, 0)"), Reason.WRONG_TYPE, "n from 1 to 1000"),
    "too many parts": (grouped("¦WIDTH_BUCKET(nights, 0, 10, 1001)"), Reason.WRONG_TYPE, "n from 1 to 1000"),
    "parts of a part": (grouped("¦WIDTH_BUCKET(nights, 0, 10, 2.5)"), Reason.SQL_NOT_SUPPORTED, "a whole number n"),
    "a column as a bound": (
        grouped("WIDTH_BUCKET(nights, 0, ¦score, 2)"),
        Reason.SQL_NOT_SUPPORTED,
        "a literal is needed here",
    ),
    "codes": (grouped("¦WIDTH_BUCKET(ward, 0, 10, 2)"), Reason.WRONG_TYPE, "takes numbers, and here is a code"),
    "dates": (grouped("¦WIDTH_BUCKET(admitted, 0, 10, 2)"), Reason.WRONG_TYPE, "takes numbers, and here is a date"),
    "NTILE": (grouped("¦NTILE(4)"), Reason.SQL_NOT_SUPPORTED, "write WIDTH_BUCKET(x, lower, upper, n), or CASE"),
}


@refusals(REFUSED)
def test_no_width_bucket(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
