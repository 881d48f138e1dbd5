"""What a coordinator remembers of its nodes."""

from concordat.v1 import node_pb2
from concordat_coordinator.federation import Federation


def head(sequence: int, epoch: int = 1) -> node_pb2.SignedHead:
    return node_pb2.SignedHead(head=node_pb2.Head(epoch=epoch, sequence=sequence).SerializeToString())


def test_the_latest_head_of_a_nodes_log_is_kept_whatever_older_answers_bring() -> None:
    federation = Federation({})
    for shown in (head(5), head(9), head(7), node_pb2.SignedHead(head=b"\xff")):
        federation.remember("wales", shown)
    assert federation.heads == {"wales": head(9)}
    federation.remember("wales", head(1, epoch=2))
    assert federation.heads == {"wales": head(1, epoch=2)}
