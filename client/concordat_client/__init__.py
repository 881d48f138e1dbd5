"""What analysts import: `concordat_client.connect("client.toml").query("SELECT ...")`."""

from concordat_client.connection import Connection, connect
from concordat_client.progress import NodeState, Retry, State
from concordat_client.result import Result

__all__ = ["Connection", "NodeState", "Result", "Retry", "State", "connect"]
