"""The published list of reasons for which something is refused or fails: one list for commands, Python and the wire.

A reason's name is its stable code: it is never renamed and never given another meaning. docs/errors.md is this list.
"""

from enum import StrEnum


class Reason(StrEnum):
    """One reason. `status` names the gRPC status under which it crosses.

    `may_pass` tells that a party is at fault and not the request: the same key may be run again.
    """

    _value_: str
    status: str
    may_pass: bool
    cause: str
    fix: str

    def __new__(cls, code: str, status: str, may_pass: bool, cause: str, fix: str) -> "Reason":
        reason = str.__new__(cls, code)
        reason._value_ = code
        reason.status = status
        reason.may_pass = may_pass
        reason.cause = cause
        reason.fix = fix
        return reason

    # The question
    SQL_NOT_SUPPORTED = (
        "SQL_NOT_SUPPORTED",
        "INVALID_ARGUMENT",
        False,
        "The SQL text says something that the language does not have.",
        "Rewrite the place at fault as the message says; docs/language.md lists what is understood.",
    )
    UNKNOWN_DATASET = (
        "UNKNOWN_DATASET",
        "INVALID_ARGUMENT",
        False,
        "There is no data set of this name.",
        "Take a name from the message; `concordat catalogue` lists all data sets.",
    )
    UNKNOWN_COLUMN = (
        "UNKNOWN_COLUMN",
        "INVALID_ARGUMENT",
        False,
        "The data set, or the source of a mapping, has no column of this name.",
        "Take a name from the message; `concordat catalogue` and a data set's name list its columns.",
    )
    UNKNOWN_CODE = (
        "UNKNOWN_CODE",
        "INVALID_ARGUMENT",
        False,
        "A column of codes is compared with a text that is none of its codes.",
        "Spell the code as the catalogue does; `concordat catalogue` and the data set's name list them.",
    )
    WRONG_TYPE = (
        "WRONG_TYPE",
        "INVALID_ARGUMENT",
        False,
        "A column is used as if it held something else: codes as numbers, numbers as text, or too many decimals.",
        "Write the literal or statistic as the message says.",
    )
    KEY_WITHOUT_DOMAIN = (
        "KEY_WITHOUT_DOMAIN",
        "INVALID_ARGUMENT",
        False,
        "A group key has no public list of values, so the data would decide which groups exist.",
        "Group by a column with codes or a short range, or put conditions on this one into COUNTIF or WHERE.",
    )
    PRIVATE_KEY = (
        "PRIVATE_KEY",
        "INVALID_ARGUMENT",
        False,
        "A group key holds private texts, and the query does not ask for them as it must.",
        "Write OPTIONS (private_keys = TRUE), group by one such column at a time, or group by columns with codes.",
    )
    NOT_COMPARABLE = (
        "NOT_COMPARABLE",
        "INVALID_ARGUMENT",
        False,
        "Nations would be added up in figures that touch a column which does not compare across nations.",
        "Keep nations apart with GROUP BY nation, or ask one nation with nation in WHERE.",
    )
    TOO_MANY_CELLS = (
        "TOO_MANY_CELLS",
        "INVALID_ARGUMENT",
        False,
        "The group keys make more cells, or cells and statistics more figures, than one answer may hold or a table be "
        "made of.",
        "Group by fewer columns, or by ones with fewer values, or ask for fewer statistics at once.",
    )
    INVALID_PRICE = (
        "INVALID_PRICE",
        "INVALID_ARGUMENT",
        False,
        "The epsilon or delta is too small for what is asked, or beyond what noise can be drawn for.",
        "Ask with another epsilon or delta, or for fewer statistics at once.",
    )
    # What the agreement allows
    NOT_IN_AGREEMENT = (
        "NOT_IN_AGREEMENT",
        "PERMISSION_DENIED",
        False,
        "The agreement does not list the data set, nation, column, key, statistic or limit that is asked for.",
        "Ask for what the agreement lists, or have the parties agree on a new version of it.",
    )
    BUDGET_EXHAUSTED = (
        "BUDGET_EXHAUSTED",
        "RESOURCE_EXHAUSTED",
        False,
        "What is left of this population's budget at a node does not pay for the query.",
        "Ask with a smaller epsilon; `concordat budget` tells what is left. Only a new agreement can give more.",
    )
    AGREEMENT_NOT_IN_FORCE = (
        "AGREEMENT_NOT_IN_FORCE",
        "FAILED_PRECONDITION",
        False,
        "Today lies outside the days for which the agreement was made.",
        "The parties renew it: a new version with new dates, at every party.",
    )
    WRONG_AGREEMENT = (
        "WRONG_AGREEMENT",
        "FAILED_PRECONDITION",
        False,
        "Two parties hold different agreements, or one that does not fit the node or the catalogue.",
        "Bring every party to the version agreed on; check the node's own name, nation and key in it.",
    )
    WRONG_CATALOGUE = (
        "WRONG_CATALOGUE",
        "FAILED_PRECONDITION",
        False,
        "The catalogue is another version than the one that the agreement names.",
        "Get the catalogue that goes with the agreement.",
    )
    WRONG_CALCULUS = (
        "WRONG_CALCULUS",
        "FAILED_PRECONDITION",
        False,
        "A price or a budget is counted in rho where the population's account counts in pure epsilon, or the reverse.",
        "Price the query with the agreement in force, as the client does. An account never changes what it counts in.",
    )
    # Who asks whom
    UNKNOWN_ANALYST = (
        "UNKNOWN_ANALYST",
        "PERMISSION_DENIED",
        False,
        "The key that signed the query is nobody's in the agreement.",
        "Sign with the key whose public half stands in the agreement, or have the parties add yours.",
    )
    BAD_SIGNATURE = (
        "BAD_SIGNATURE",
        "UNAUTHENTICATED",
        False,
        "The query was altered after it was signed, or signed with another key than it names.",
        "Ask again; if it stays so, tell the coordinator's operator: something on the way changes queries.",
    )
    CALLER_NOT_ALLOWED = (
        "CALLER_NOT_ALLOWED",
        "PERMISSION_DENIED",
        False,
        "The certificate shown is none of those that the operator lists as callers.",
        "Call with a listed certificate, or have the operator add its name to `callers`.",
    )
    NOT_IN_AUDIENCE = (
        "NOT_IN_AUDIENCE",
        "PERMISSION_DENIED",
        False,
        "The signed query reached a node that it does not ask.",
        "Sign it again with this node in its audience, or do not send it there.",
    )
    UNKNOWN_NODE = (
        "UNKNOWN_NODE",
        "FAILED_PRECONDITION",
        False,
        "The query asks a node of the agreement that this coordinator has no address of.",
        "The coordinator's operator adds the node to its configuration; until then leave its nation out in WHERE.",
    )
    # The signed request
    MALFORMED_REQUEST = (
        "MALFORMED_REQUEST",
        "INVALID_ARGUMENT",
        False,
        "The request does not have the form that the contract gives it.",
        "Use a client of the coordinator's version; whoever builds requests corrects the field that is named.",
    )
    NOT_CANONICAL = (
        "NOT_CANONICAL",
        "INVALID_ARGUMENT",
        False,
        "The typed query is not in the one form in which queries are signed and compared.",
        "Sign what canonical_query returns; docs/wire-format.md says what the form is.",
    )
    DEADLINE_REQUIRED = (
        "DEADLINE_REQUIRED",
        "INVALID_ARGUMENT",
        False,
        "The call came without a deadline.",
        "Set a timeout on the call.",
    )
    QUERY_EXPIRED = (
        "QUERY_EXPIRED",
        "FAILED_PRECONDITION",
        False,
        "The signed query is past its hour and was not run before.",
        "Ask again, which signs it anew; check the clocks if it was just signed.",
    )
    KEY_REUSED = (
        "KEY_REUSED",
        "ALREADY_EXISTS",
        False,
        "The idempotency key belongs to another question.",
        "Ask without `--key`, or under a new one; keep a key for the question that it was made for.",
    )
    NO_RESERVATION = (
        "NO_RESERVATION",
        "FAILED_PRECONDITION",
        False,
        "No budget is reserved for this query: it was never prepared, was cancelled, or waited too long.",
        "Run it again under the same key.",
    )
    UNKNOWN_RESULT = (
        "UNKNOWN_RESULT",
        "NOT_FOUND",
        False,
        "No result is kept under this key, because nothing was run under it.",
        "Run the query instead of fetching it, or fetch it by the very key and question that were run.",
    )
    NOT_YET = (
        "NOT_YET",
        "FAILED_PRECONDITION",
        True,
        "The answers are charged and stored, and the query itself says that they are handed over later.",
        "Fetch the result by the same key from the hour in the message.",
    )
    # The parties
    NODE_REFUSED = (
        "NODE_REFUSED",
        "FAILED_PRECONDITION",
        False,
        "A node did not admit the query, so no node was charged.",
        "See the reason that the node gives; its operator finds the reference in the node's log.",
    )
    NODE_UNAVAILABLE = (
        "NODE_UNAVAILABLE",
        "UNAVAILABLE",
        True,
        "A node or the coordinator cannot be reached, is stopping, or the connection broke.",
        "Run the same key again later; if it stays so, ask the operator whether it runs and its certificate is good.",
    )
    TIMED_OUT = (
        "TIMED_OUT",
        "DEADLINE_EXCEEDED",
        True,
        "No answer came within the time allowed, or the call was cancelled before it came.",
        "Run the same key again: what was paid for is served free. A higher `timeout_seconds` waits longer.",
    )
    NOT_UNDERSTOOD = (
        "NOT_UNDERSTOOD",
        "UNIMPLEMENTED",
        True,
        "What answered is not what should be there, or is of another version.",
        "Check the address, and that both sides run the same version.",
    )
    BUSY = (
        "BUSY",
        "RESOURCE_EXHAUSTED",
        True,
        "More is asked at once than this party or analyst may.",
        "Wait until other queries have ended, then run the same key again.",
    )
    EDITION_UNAVAILABLE = (
        "EDITION_UNAVAILABLE",
        "FAILED_PRECONDITION",
        False,
        "The node's edition is missing, changed, or of another definition or mapping than those in force.",
        "The node's operator imports again or restores the file, then starts the node; until then leave its nation "
        "out in WHERE.",
    )
    ENGINE_FAILED = (
        "ENGINE_FAILED",
        "UNAVAILABLE",
        True,
        "The node's inner process ended in the middle of its work.",
        "Run the same key again: the node starts it anew. If it stays so, the operator gives it more memory or space.",
    )
    ENGINE_DISAGREES = (
        "ENGINE_DISAGREES",
        "INTERNAL",
        True,
        "The node's inner process holds other files than the node, or comes to another price, and gave nothing.",
        "The operator starts the node again with one version of software, catalogue and mappings.",
    )
    LEDGER_UNUSABLE = (
        "LEDGER_UNUSABLE",
        "FAILED_PRECONDITION",
        True,
        "The node's ledger is damaged, went back in time, is another node's, or cannot be written.",
        "The operator sees to the disk or restores the latest copy, never an older one, and starts the node again.",
    )
    VERIFICATION_FAILED = (
        "VERIFICATION_FAILED",
        "DATA_LOSS",
        True,
        "What came back does not prove itself: a signature, hash, scale or figure is not what it must be.",
        "Do not use the figures. Keep the key and tell the operators of the node named and of the coordinator.",
    )
    INTERNAL = (
        "INTERNAL",
        "INTERNAL",
        True,
        "Something failed that nobody foresaw.",
        "Give the reference to the operator, who finds in the log what it was; the same key may be run again.",
    )
    # One's own machine
    WRONG_FILE = (
        "WRONG_FILE",
        "FAILED_PRECONDITION",
        False,
        "A file is missing, in the way, cannot be read or written, or says something that it must not.",
        "Correct the file at the place that is named, or name another; deploy/samples has one of each kind.",
    )
    IN_USE = (
        "IN_USE",
        "FAILED_PRECONDITION",
        False,
        "Another process has the ledger, folder or port, or imports the same data set.",
        "Wait for it or stop it, or give this one a place of its own.",
    )
    IMPORT_FAILED = (
        "IMPORT_FAILED",
        "FAILED_PRECONDITION",
        False,
        "An import could not go on: memory, disk or sources failed. The former edition is still in force.",
        "Put right what the message names and import again.",
    )
