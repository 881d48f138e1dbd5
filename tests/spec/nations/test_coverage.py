"""What a nation does not hold is never a zero: it is told by a status, and what is held is answered.

Wales holds no `pain`, and `score` in Surgery and Medicine only.
"""

from spec.specification import FROM, Shown, Specification, nearly, sentences

UK = "England and Wales"


@sentences(
    {
        "what a nation does not hold has no figure, and so no total": (
            f"SELECT nation, COUNT(pain) AS n {FROM} GROUP BY nation",
            [("England", 8), ("Wales", "not held")],
        ),
        "a total of those that hold it, where nations are added up": (f"SELECT COUNT(pain) AS n {FROM}", [(8,)]),
        "other figures of the same row are answered": (
            f"SELECT nation, COUNT(*) AS n, AVG(pain) AS p {FROM} GROUP BY nation",
            [("England", 10, 31 / 8), ("Wales", 6, "not held"), (UK, 16, "not held")],
        ),
        "a condition on what is not held leaves nothing to answer": (
            f"SELECT nation, COUNT(*) AS n {FROM} WHERE pain >= 5 GROUP BY nation",
            [("England", 3), ("Wales", "not held")],
        ),
        "nor does a condition that what is not held be missing": (
            f"SELECT nation, COUNT(*) AS n {FROM} WHERE pain IS NULL GROUP BY nation",
            [("England", 2), ("Wales", "not held")],
        ),
        "where no nation holds it, there is no figure": (
            f"SELECT COUNT(pain) AS n {FROM} WHERE nation = 'Wales'",
            [("not held",)],
        ),
        "each group by what is held there": (
            f"SELECT nation, ward, COUNT(score) AS n {FROM} GROUP BY nation, ward",
            [
                ("England", "Surgery", 4),
                ("England", "Medicine", 3),
                ("England", "Children", 2),
                ("Wales", "Surgery", 2),
                ("Wales", "Medicine", 2),
                ("Wales", "Children", "not held"),
                (UK, "Surgery", 6),
                (UK, "Medicine", 5),
            ],
        ),
        "what is partly held is answered for that part": (f"SELECT AVG(score) AS m {FROM}", [(65 / 13,)]),
        "a missing score counts only where scores are held": (
            f"SELECT nation, COUNT(*) AS n {FROM} WHERE score IS NULL GROUP BY nation",
            [("England", 1), ("Wales", 1), (UK, 2)],
        ),
        "a filter reaches what is held": (
            f"SELECT nation, COUNTIF(score IS NULL) AS n, COUNT(*) AS all_ {FROM} GROUP BY nation",
            [("England", 1, 10), ("Wales", 1, 6), (UK, 2, 16)],
        ),
        "a value made of it is counted and averaged where it is held, even if it is never missing": (
            "SELECT COUNT(CASE WHEN score > 5 THEN 1 ELSE 0 END) AS n, "
            f"AVG(CASE WHEN score > 5 THEN 1 ELSE 0 END) AS m {FROM} WHERE nation = 'Wales'",
            [(5, 0.2)],
        ),
        "COUNT(DISTINCT unit) counts units with a row that is held": (
            f"SELECT COUNT(DISTINCT unit) AS u {FROM} WHERE nation = 'Wales' AND (score >= 6 OR score IS NULL)",
            [(2,)],
        ),
    }
)
def test_figures_of_what_is_held(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.answer(written) == nearly(gives)


@sentences(
    {
        "what all hold is ok": (
            f"SELECT nation, COUNT(*) AS n {FROM} GROUP BY nation",
            [("England", "ok"), ("Wales", "ok"), (UK, "ok")],
        ),
        "a part is partly held, and so is its total": (
            f"SELECT nation, COUNT(score) AS n {FROM} GROUP BY nation",
            [("England", "ok"), ("Wales", "partly held"), (UK, "partly held")],
        ),
        "where a nation holds nothing, those added up are a part": (
            f"SELECT COUNT(pain) AS n {FROM}",
            [("partly held",)],
        ),
        "a condition that asks only for what is held is ok": (
            f"SELECT nation, COUNT(score) AS n {FROM} WHERE ward = 'Surgery' GROUP BY nation",
            [("England", "ok"), ("Wales", "ok"), (UK, "ok")],
        ),
        "a filter that asks only for what is held is ok": (
            f"SELECT nation, COUNT(score) FILTER (WHERE ward = 'Surgery') AS n {FROM} GROUP BY nation",
            [("England", "ok"), ("Wales", "ok"), (UK, "ok")],
        ),
        "a condition that asks only for what is not held is not held": (
            f"SELECT nation, COUNT(score) AS n {FROM} WHERE ward = 'Children' GROUP BY nation",
            [("England", "ok"), ("Wales", "not held")],
        ),
        "merged, each group has its own status": (
            f"SELECT ward, COUNT(score) AS n {FROM} GROUP BY ward",
            [("Surgery", "ok"), ("Medicine", "ok"), ("Children", "partly held")],
        ),
        "a mean of nothing is undefined, which is another thing": (
            f"SELECT nation, AVG(nights) AS m {FROM} WHERE priority = 4 GROUP BY nation",
            [("England", "undefined"), ("Wales", "undefined"), (UK, "undefined")],
        ),
        "a quotient of what is held and what is partly held describes nobody": (
            f"SELECT nation, COUNT(score) / COUNT(*) AS share {FROM} GROUP BY nation",
            [("England", "ok"), ("Wales", "not held")],
        ),
        "a total over groups of which some are held is partly held": (
            f"SELECT ward, COUNT(score) AS n {FROM} WHERE nation = 'Wales' GROUP BY ROLLUP(ward)",
            [("Surgery", "ok"), ("Medicine", "ok"), ("Children", "not held"), ("(all)", "partly held")],
        ),
    }
)
def test_statuses(spec: Specification, written: str, gives: list[tuple[Shown, ...]]) -> None:
    assert spec.statuses(written) == gives


def test_notes_tell_what_is_not_held(spec: Specification) -> None:
    told = spec.notes(f"SELECT nation, COUNT(pain) AS n {FROM} GROUP BY nation")
    assert "Wales" in told
    assert "pain" in told
