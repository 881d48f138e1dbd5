"""Saved results are verified without any connection: check by check for people, or all at once on loading."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from concordat.v1 import coordinator_pb2, node_pb2, query_pb2
from concordat_privacy.merge import Absent, NodeAnswer
from concordat_query.agreement import Agreement
from concordat_query.catalogue import Catalogue
from concordat_query.errors import ConcordatError, VerificationError
from concordat_query.files import Model, content_bytes
from concordat_query.signing import Purpose, is_signed
from concordat_query.wire import envelope_from_bytes, parse, request_sha256
from concordat_query.wire_presentation import presentation_from_proto
from concordat_wire.answers import read_answer
from concordat_wire.excerpt import plain
from google.protobuf.message import DecodeError
from pydantic import ValidationError

from concordat_client import formats, saving
from concordat_client.asking import SignedQuestion, understand
from concordat_client.config import read_settings
from concordat_client.result import Result
from concordat_client.verify import check_everyone_is_accounted_for, prove, read_absence, read_charge

T = TypeVar("T")
OWN_KEYS = "the agreement, with its keys, is your own copy"
FIGURES_CLOSE = 1e-9
"""Floats may differ in the last places between machines."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked: whether it holds, and what is wrong or worth saying."""

    what: str
    holds: bool
    remark: str = ""


@dataclass(frozen=True)
class Report:
    """All checks, in order. `result` is there if, and only if, all hold."""

    checks: tuple[Check, ...]
    result: Result | None


class _Stop(Exception):
    """What follows cannot be checked without what failed."""


@dataclass
class _Checks:
    made: list[Check] = field(default_factory=list)

    def attempt(self, what: str, work: Callable[[], T], remark: str = "") -> T:
        """The work's outcome; where it fails the check is recorded as failed and _Stop raised."""
        try:
            outcome = work()
        except ConcordatError as error:
            self.made.append(Check(plain(what), holds=False, remark=plain(error.message)))
            raise _Stop from None
        self.made.append(Check(plain(what), holds=True, remark=plain(remark)))
        return outcome

    @property
    def hold(self) -> bool:
        return all(check.holds for check in self.made)


def load(path: str | Path, config: str | Path | None = None) -> Result:
    """A saved result, verified without a connection.

    With `config`, a client.toml, the keys in one's own copy of the agreement are the root of trust; without, those
    that the file brings along. Raises VerificationError with the first thing that does not hold, Refusal where there
    is no such file.
    """
    report = examine(Path(path), None if config is None else read_settings(Path(config)).agreement)
    if report.result is None:
        wrong = next(check for check in report.checks if not check.holds)
        raise VerificationError(f"{wrong.what}: {wrong.remark}")
    return report.result


def examine(path: Path, own: Agreement | None) -> Report:
    """Every check of a saved result. Raises Refusal where there is no such file; what the file holds raises nothing."""
    checks = _Checks()
    try:
        result = _examine(checks, path, own)
    except _Stop:
        result = None
    return Report(tuple(checks.made), result if checks.hold else None)


def _examine(checks: _Checks, path: Path, own: Agreement | None) -> Result | None:
    parts = _parts(checks, path)
    catalogue = checks.attempt("the catalogue can be read", lambda: _content(Catalogue, parts, "catalogue.json"))
    agreement = checks.attempt("the agreement can be read", lambda: _content(Agreement, parts, "agreement.json"))
    checks.attempt("the catalogue is the agreement's", lambda: _check_catalogue(catalogue, agreement))
    if own is not None:
        checks.attempt(OWN_KEYS, lambda: _check_own(agreement, own))
    question = _question(checks, parts, catalogue, agreement)
    told = checks.attempt(
        "the answers can be read", lambda: parse(coordinator_pb2.Result, parts["answers.binpb"], "answers.binpb")
    )
    _check_nodes(checks, question, told, catalogue, agreement)
    if not checks.hold:
        return None
    result = checks.attempt(
        "answers, charges and absences fit together", lambda: prove(question, told, catalogue, agreement)
    )
    checks.attempt(
        "every figure and note follows from the answers", lambda: _check_figures(result, parts["result.json"])
    )
    return result


def _parts(checks: _Checks, path: Path) -> dict[str, bytes]:
    data = saving.read(path)
    return checks.attempt("the file is whole and as it was written", lambda: saving.unpack(data))


def _content(kind: type[Model], parts: Mapping[str, bytes], name: str) -> Model:
    """A catalogue or agreement from the bytes that its hash is taken over."""
    try:
        model = kind.model_validate_json(parts[name])
    except (ValidationError, RecursionError):
        raise VerificationError(f"{name} is not what it should be") from None
    if content_bytes(model) != parts[name]:
        raise VerificationError(f"{name} is not written as its hash demands")
    return model


def _check_catalogue(catalogue: Catalogue, agreement: Agreement) -> None:
    if catalogue.sha256 != agreement.catalogue_sha256:
        raise VerificationError("the agreement was made for another catalogue")


def _check_own(saved: Agreement, own: Agreement) -> None:
    """The saved agreement, whose keys, delta and names the result rests on, is one's own copy of it."""
    if saved.id != own.id:
        raise VerificationError("the result was made under another agreement than yours")
    if saved.version != own.version:
        raise VerificationError(
            f"the result was made under version {saved.version} of the agreement and yours is {own.version}; "
            "give --config that names that version"
        )
    if saved.sha256 != own.sha256:
        raise VerificationError("the saved agreement is not the same as your copy of its version")


def _question(
    checks: _Checks, parts: Mapping[str, bytes], catalogue: Catalogue, agreement: Agreement
) -> SignedQuestion:
    signed = checks.attempt(
        "the question can be read", lambda: parse(query_pb2.SignedQuery, parts["query.binpb"], "query.binpb")
    )
    checks.attempt("the question is signed by an analyst of the agreement", lambda: _check_signed(signed, agreement))
    return checks.attempt(
        "the SQL text says what was signed", lambda: _read_question(parts, signed, catalogue, agreement)
    )


def _check_signed(signed: query_pb2.SignedQuery, agreement: Agreement) -> None:
    agreement.analyst_of(signed.public_key)
    if not is_signed(Purpose.QUERY, signed.envelope, signed.signature, signed.public_key):
        raise VerificationError("the question's signature is bad")
    envelope = envelope_from_bytes(signed.envelope)
    if (envelope.agreement_id, envelope.agreement_version) != (agreement.id, agreement.version):
        raise VerificationError("the question was asked under another agreement")
    if envelope.catalogue_sha256 != agreement.catalogue_sha256:
        raise VerificationError("the question follows another catalogue")


def _read_question(
    parts: Mapping[str, bytes], signed: query_pb2.SignedQuery, catalogue: Catalogue, agreement: Agreement
) -> SignedQuestion:
    """The question that the SQL text asks, held against what was signed and how it was presented."""
    try:
        sql = parts["question.sql"].decode()
    except UnicodeDecodeError:
        raise VerificationError("the SQL text is not in UTF-8") from None
    understood = understand(sql, catalogue, agreement)
    envelope = envelope_from_bytes(signed.envelope)
    shown = presentation_from_proto(parse(coordinator_pb2.Presentation, parts["presentation.binpb"], "presentation"))
    if (understood.query, understood.audience) != (envelope.query, tuple(sorted(envelope.audience))):
        raise VerificationError("the SQL text asks another question than the one that was signed")
    if understood.presentation != shown:
        raise VerificationError("the SQL text presents the answers in another way than was saved")
    return SignedQuestion(sql, envelope, signed, shown, understood.plan, understood.epsilon)


def _check_nodes(
    checks: _Checks, question: SignedQuestion, told: coordinator_pb2.Result, catalogue: Catalogue, agreement: Agreement
) -> None:
    """Node by node, going on after a failure."""
    answers: list[NodeAnswer] = []
    absent: list[Absent] = []
    deliveries = dict(enumerate(told.deliveries))
    request = request_sha256(question.signed.envelope)
    for number, signed in enumerate(told.answers):

        def answered() -> None:
            answer = read_answer(signed, question.envelope, question.plan, catalogue, agreement)  # noqa: B023  # called at once
            if number not in deliveries:  # noqa: B023
                raise VerificationError(f"{answer.node}: nothing says that it gave this answer to this question")
            read_charge(answer.node, signed, deliveries[number], question, request, agreement)  # noqa: B023
            answers.append(answer)

        _go_on(checks, f"the answer of {_sender(signed)} is signed by it and was given to this question", answered)
    for missing in told.missing:
        _go_on(
            checks,
            f"{missing.node} declares to hold nothing, or was lost",
            lambda: absent.append(read_absence(missing, question, catalogue, agreement)),  # noqa: B023
        )
    _go_on(
        checks,
        "each node asked is accounted for once",
        lambda: check_everyone_is_accounted_for(question, answers, absent),
    )


def _sender(signed: node_pb2.SignedAnswer) -> str:
    """Who an answer says that it is from, for a check's name only."""
    try:
        return node_pb2.Answer.FromString(signed.answer).node or "nobody"
    except DecodeError:
        return "somebody unreadable"


def _go_on(checks: _Checks, what: str, work: Callable[[], None]) -> None:
    try:
        checks.attempt(what, work)
    except _Stop:
        return


def _check_figures(result: Result, saved: bytes) -> None:
    """The saved document is what the recomputed result gives, but for the software's version."""
    try:
        told = json.loads(saved)
        told["provenance"].pop("software_version")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise VerificationError("result.json is not a result as JSON") from None
    ours = json.loads(formats.to_json(result))
    ours["provenance"].pop("software_version")
    if not _alike(told, ours):
        raise VerificationError("result.json is not what the signed answers give; do not use its figures")


def _alike(told: object, ours: object) -> bool:
    """Equal, floats within rounding."""
    if isinstance(told, float) and isinstance(ours, float):
        return math.isclose(told, ours, rel_tol=FIGURES_CLOSE)
    if type(told) is not type(ours):
        return False
    if isinstance(told, dict) and isinstance(ours, dict):
        return list(told) == list(ours) and all(_alike(told[name], ours[name]) for name in ours)
    if isinstance(told, list) and isinstance(ours, list):
        return len(told) == len(ours) and all(map(_alike, told, ours))
    return told == ours
