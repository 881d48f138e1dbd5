"""CASE gives the result of the first branch that is true, else that of ELSE, else nothing."""

from concordat_query.errors import Reason
from spec.specification import FROM, Refused, Shown, Specification, refusals, sentences


@sentences(
    {
        "texts make a group key, in the order in which they stand": (
            "CASE WHEN nights >= 7 THEN 'week' WHEN nights >= 1 THEN 'days' ELSE 'none' END",
            {"week": "d g j m p", "days": "a e f h i k n o", "none": "b c l"},
        ),
        "what is missing meets no condition but IS NULL": (
            "CASE WHEN nights IS NULL THEN 'unknown' WHEN nights < 5 THEN 'short' ELSE 'long' END",
            {"unknown": "c l", "short": "a b e f h n o", "long": "d g i j k m p"},
        ),
        "without ELSE all others are missing": (
            "CASE WHEN ward = 'Children' THEN 'young' END",
            {"young": "f j n", None: "a b c d e g h i k l m o p"},
        ),
        "the first true branch counts": (
            "CASE WHEN priority <= 2 THEN 'soon' WHEN priority <= 1 THEN 'now' ELSE 'later' END",
            {"soon": "a b c e f g h j k l n o p", "now": "", "later": "d i m"},
        ),
        "a simple CASE compares with each literal": (
            "CASE ward WHEN 'Surgery' THEN 'knife' WHEN 'Medicine' THEN 'pill' ELSE 'toy' END",
            {"knife": "a b g h k o p", "pill": "c d e i l m", "toy": "f j n"},
        ),
        "a simple CASE of a missing value comes to ELSE": (
            "CASE sex WHEN 'Female' THEN 'F' WHEN 'Male' THEN 'M' ELSE '?' END",
            {"F": "a b c k l", "M": "d e g h i j o p", "?": "f m n"},
        ),
        "two branches may give the same": (
            "CASE ward WHEN 'Surgery' THEN 'grown' WHEN 'Children' THEN 'small' ELSE 'grown' END",
            {"grown": "a b c d e g h i k l m o p", "small": "f j n"},
        ),
        "numbers make a group key, in their order": (
            "CASE WHEN nights > 5 THEN 3 WHEN nights > 2 THEN 1.5 ELSE -1 END",
            {-1: "b c e f l n o", 1.5: "a h i", 3: "d g j k m p"},
        ),
        "NULL may be a result": (
            "CASE WHEN sex IS NULL THEN NULL ELSE 1 END",
            {1: "a b c d e g h i j k l o p", None: "f m n"},
        ),
        "columns of few values may be results": (
            "CASE WHEN ward = 'Surgery' THEN priority ELSE 0 END",
            {0: "c d e f i j l m n", 1: "a h o", 2: "b g k p", 3: "", 4: ""},
        ),
        "CASE nests": (
            "CASE WHEN ward = 'Surgery' THEN CASE WHEN priority = 1 THEN 2 ELSE 1 END ELSE 0 END",
            {0: "c d e f i j l m n", 1: "b g k p", 2: "a h o"},
        ),
    }
)
def test_case_as_a_group_key(spec: Specification, written: str, gives: dict[Shown, str]) -> None:
    found = spec.groups(written)
    assert found == gives
    assert list(found) == list(gives)


@sentences(
    {
        "a sum over one branch": ("SUM(CASE WHEN ward = 'Surgery' THEN nights END)", 53),
        "a sum with ELSE": ("SUM(CASE WHEN ward = 'Surgery' THEN nights ELSE 0 END)", 53),
        "a mean over one branch": ("AVG(CASE WHEN priority = 3 THEN cost END)", 161.11),
        "a mean with ELSE counts the others": ("AVG(CASE WHEN priority = 1 THEN 16 ELSE 0 END)", 7),
        "a count over one branch": ("COUNT(CASE WHEN ward = 'Surgery' THEN 1 END)", 7),
        "a count of texts": ("COUNT(CASE WHEN ward = 'Surgery' THEN 'x' END)", 7),
        "CASE within a calculation": ("SUM(CASE WHEN priority = 1 THEN 2 ELSE 1 END * nights)", 104),
        "a result with more decimals than another": ("SUM(CASE WHEN priority = 1 THEN 0.25 ELSE 1 END)", 10.75),
    }
)
def test_case_in_an_aggregate(spec: Specification, written: str, gives: Shown) -> None:
    assert spec.figure(f"{written} AS figure") == gives


@sentences(
    {
        "CASE is compared with a number": ("CASE WHEN ward = 'Surgery' THEN nights ELSE 0 END > 3", "g h k p"),
        "CASE is compared with one of its texts": (
            "CASE WHEN nights > 5 THEN 'long' ELSE 'short' END = 'long'",
            "d g j k m p",
        ),
        "CASE may choose a date": (
            "CASE WHEN discharged IS NULL THEN admitted ELSE discharged END >= DATE '2024-09-19'",
            "h i j p",
        ),
    }
)
def test_case_in_a_condition(spec: Specification, written: str, gives: str) -> None:
    assert spec.rows(written) == gives


def grouped(case: str) -> str:
    return f"SELECT {case} AS k, COUNT(*) AS n {FROM} GROUP BY k"


REFUSED: dict[str, Refused] = {
    "results of two types": (
        grouped("CASE WHEN ¦nights > 1 THEN 'x' ELSE 1 END"),
        Reason.WRONG_TYPE,
        "all texts, all numbers or all dates",
    ),
    "a column of codes as a result": (
        grouped("CASE WHEN ¦nights > 1 THEN ward ELSE 'x' END"),
        Reason.WRONG_TYPE,
        "write the codes out",
    ),
    "nothing but NULL": (grouped("CASE WHEN ¦nights > 1 THEN NULL END"), Reason.WRONG_TYPE, "at least one value"),
    "results of many values as a group key": (
        f"SELECT CASE WHEN nights > 1 THEN cost ELSE 0 END AS k, COUNT(*) AS n {FROM} GROUP BY ¦k",
        Reason.KEY_WITHOUT_DOMAIN,
        "CASE with literal results",
    ),
    "a code that there is not": (
        grouped("CASE ward WHEN ¦'Surgry' THEN 'x' ELSE 'y' END"),
        Reason.UNKNOWN_CODE,
        "did you mean 'Surgery'?",
    ),
    "an empty text": (grouped("CASE WHEN nights > 1 THEN ¦'' ELSE 'y' END"), Reason.WRONG_TYPE, "write a short label"),
    "a text that is none of the results": (
        f"SELECT COUNT(*) {FROM} WHERE CASE WHEN nights > 1 THEN 'x' ELSE 'y' END = ¦'z'",
        Reason.UNKNOWN_CODE,
        "'x', 'y'",
    ),
    "an aggregate within": (
        f"SELECT COUNT(*), SUM(CASE WHEN ¦COUNT(*) > 1 THEN 1 END) AS s {FROM}",
        Reason.SQL_NOT_SUPPORTED,
        "column, number, calculation or CASE",
    ),
    "a key without a name": (
        f"SELECT CASE WHEN ¦nights > 1 THEN 'x' ELSE 'y' END, COUNT(*) {FROM} "
        "GROUP BY CASE WHEN nights > 1 THEN 'x' ELSE 'y' END",
        Reason.SQL_NOT_SUPPORTED,
        "give this group key a name",
    ),
}


@refusals(REFUSED)
def test_no_case(spec: Specification, refused: Refused) -> None:
    spec.check_refused(refused)
