"""What analysts import: `concordat_client.connect("client.toml").query("SELECT ...")`, and `load` for saved results."""

from concordat_client.comparing import Compared, Comparison
from concordat_client.connection import Connection, connect
from concordat_client.offline import load
from concordat_client.progress import NodeState, Retry, State
from concordat_client.records import Record
from concordat_client.result import Result

__all__ = [
    "Compared",
    "Comparison",
    "Connection",
    "NodeState",
    "Record",
    "Result",
    "Retry",
    "State",
    "connect",
    "load",
]
