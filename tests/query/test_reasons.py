"""The published list of reasons: complete, in use, tested, and the very list that docs/errors.md shows."""

import pickle
import re
from pathlib import Path

import pytest
from concordat_query import reasons
from concordat_query.errors import (
    Charged,
    ConcordatError,
    NodeFault,
    Refusal,
    SqlRefusal,
    Unavailable,
    VerificationError,
)
from concordat_query.reasons import Reason

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "errors.md"
PACKAGES = ["query", "privacy", "wire", "node", "coordinator", "client"]


def named_in(files: list[Path]) -> set[str]:
    """The reasons that are named by `Reason.<NAME>`."""
    return {name for path in files for name in re.findall(r"\bReason\.([A-Z_]+)\b", path.read_text())}


def entry(reason: Reason) -> str:
    """A reason as the page shows it."""
    again = "Running the same key again is safe and may succeed.\n" if reason.may_pass else ""
    return f"### {reason.value}\n`{reason.status}`\n\n{reason.cause}\n\n**Fix:** {reason.fix}\n{again}"


def groups() -> dict[str, list[Reason]]:
    """The reasons under the headings that stand in their module as comments."""
    found: dict[str, list[Reason]] = {}
    heading = ""
    for line in Path(reasons.__file__).read_text().splitlines():
        if line.startswith("    # "):
            heading = line.removeprefix("    # ")
        if name := re.match(r"    ([A-Z_]+) = \($", line):
            found.setdefault(heading, []).append(Reason[name[1]])
    return found


def listing() -> str:
    """The list as the page shows it."""
    parts = [f"## {heading}\n\n" + "\n".join(map(entry, own)) for heading, own in groups().items()]
    return "\n".join(parts)


def test_the_page_of_errors_is_the_list() -> None:
    assert [reason for own in groups().values() for reason in own] == list(Reason)
    text = PAGE.read_text()
    assert text[text.index("\n## ") + 1 :] == listing()


def test_a_code_is_its_name_and_never_an_alias() -> None:
    assert {reason.name: reason.value for reason in Reason} == {name: name for name in Reason.__members__}


@pytest.mark.parametrize("reason", list(Reason))
def test_cause_and_fix_are_sentences_and_say_different_things(reason: Reason) -> None:
    for text in (reason.cause, reason.fix):
        assert re.fullmatch(r"[A-Z].*[A-Za-z`]\.", text)
        assert "  " not in text
    others = [other for other in Reason if other is not reason]
    assert reason.cause not in [other.cause for other in others]
    assert reason.fix not in [other.fix for other in others]


def test_every_reason_is_given_somewhere_and_none_that_is_not_listed() -> None:
    sources = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    assert named_in(sources) == set(Reason.__members__)


def test_every_reason_is_tested_somewhere() -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__).resolve()]
    assert set(Reason.__members__) - named_in(tests) == set()


def test_what_does_not_prove_itself_is_told_apart_from_what_nobody_foresaw() -> None:
    assert VerificationError("node-wales: another's signature").reason is Reason.VERIFICATION_FAILED


def test_an_error_as_text_is_one_line_with_its_code_and_no_query() -> None:
    literal = "WHERE age = 73519735"
    for error in (
        Refusal(Reason.UNKNOWN_CODE, "no such code"),
        SqlRefusal(Reason.UNKNOWN_CODE, "no such code", line=1, column=1, offset=0, text=literal),
        Unavailable(Reason.BUSY, "no such code", reference="ABCD-EFGH"),
    ):
        assert re.fullmatch(r"[A-Z_]+: no such code( \(reference ABCD-EFGH\))?", str(error))
        assert literal not in repr(error)


def test_errors_travel_between_processes() -> None:
    lost = Unavailable(Reason.BUSY, "later", charged=Charged.NOTHING, nodes=(NodeFault("a", Reason.BUSY, "ABCD-EFGH"),))
    lost.idempotency_key = "key"
    errors: list[ConcordatError] = [
        lost,
        Refusal(Reason.UNKNOWN_CODE, "no such code", field="query.where"),
        SqlRefusal(Reason.UNKNOWN_CODE, "no such code", line=1, column=2, offset=3, text="text"),
        VerificationError("another's signature"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
        assert type(again) is type(error)
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
