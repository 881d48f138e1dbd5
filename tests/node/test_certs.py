"""The development authority: made once, kept while good, and good enough for a real handshake."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat.v1 import node_pb2
from concordat_node import certs
from concordat_node.commands.dev_certs import dev_certs
from concordat_query.errors import Refusal
from concordat_query.signing import Purpose, SigningKey, is_signed
from concordat_wire.channel import open_channel
from concordat_wire.server import start_server
from concordat_wire.tls import Tls, read_material
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc


def issue(folder: Path, name: str, *hosts: str) -> certs.Issued:
    certs.make_authority(folder)
    return certs.issue(folder, name, hosts)


def tls_of(issued: certs.Issued) -> Tls:
    return Tls(issued.certificate, issued.key, issued.certificate.parent / "authority.crt")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_two_parties_of_one_authority_shake_hands(tmp_path: Path) -> None:
    node, coordinator = issue(tmp_path, "node-wales"), issue(tmp_path, "coordinator")
    service = node_pb2.DESCRIPTOR.services_by_name["NodeService"]
    servicer = type("Nothing", (), {method.name: None for method in service.methods})()
    running = await start_server(
        "127.0.0.1:0", tls_of(node), [(service, servicer)], callers=frozenset({"coordinator"}), max_concurrent=1
    )
    async with open_channel(f"127.0.0.1:{running.port}", tls_of(coordinator), "node-wales") as channel:
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    await running.stop(0)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_every_certificate_says_that_it_is_for_development(tmp_path: Path) -> None:
    issue(tmp_path, "node")
    for file in ("authority.crt", "node.crt"):
        certificate = x509.load_pem_x509_certificate((tmp_path / file).read_bytes())
        assert "DEVELOPMENT" in certificate.subject.rfc4514_string()
        assert "DEVELOPMENT" in certificate.issuer.rfc4514_string()


def test_a_certificate_names_the_party_this_machine_and_its_hosts(tmp_path: Path) -> None:
    issued = issue(tmp_path, "node", "node.example.gov.uk", "10.0.0.7")
    certificate = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node", "localhost", "node.example.gov.uk"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1", "10.0.0.7"]


def test_only_the_authority_may_issue(tmp_path: Path) -> None:
    issued = issue(tmp_path, "node")
    certificate = x509.load_pem_x509_certificate(issued.certificate.read_bytes())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_private_files_are_their_owners_alone(tmp_path: Path) -> None:
    issue(tmp_path, "node")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")}
    assert modes == {"authority.key": 0o600, "node.key": 0o600, "node.signing.key": 0o600}


def test_the_signing_key_and_its_public_half_belong_together(tmp_path: Path) -> None:
    issued = issue(tmp_path, "analyst")
    signature = SigningKey.read(issued.signing_key).sign(Purpose.QUERY, b"bytes")
    public_key = base64.b64decode(issued.signing_public_key.read_text())
    assert is_signed(Purpose.QUERY, b"bytes", signature, public_key)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    issue(tmp_path, "node")
    before = contents(tmp_path)
    assert issue(tmp_path, "node").renewed is False
    assert contents(tmp_path) == before


def test_new_hosts_get_a_new_certificate_and_the_signing_key_stays(tmp_path: Path) -> None:
    issue(tmp_path, "node")
    before = contents(tmp_path)
    assert issue(tmp_path, "node", "node.example.gov.uk").renewed is True
    changed = {name for name, data in contents(tmp_path).items() if before[name] != data}
    assert changed == {"node.crt", "node.key"}


def test_a_lost_authority_is_made_anew_and_so_are_its_certificates(tmp_path: Path) -> None:
    issued = issue(tmp_path, "node")
    (tmp_path / "authority.key").unlink()
    assert issue(tmp_path, "node").renewed is True
    read_material(tls_of(issued))


def test_a_half_written_certificate_is_made_anew(tmp_path: Path) -> None:
    issued = issue(tmp_path, "node")
    issued.certificate.write_bytes(issued.certificate.read_bytes()[:100])
    assert issue(tmp_path, "node").renewed is True


def test_a_certificate_about_to_expire_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certs, "CERTIFICATE_DAYS", 6)
    issue(tmp_path, "node")
    monkeypatch.undo()
    assert issue(tmp_path, "node").renewed is True


@pytest.mark.parametrize("name", ["../escape", "Node", "", "authority", "a b", "x" * 64])
def test_a_name_that_cannot_be_a_file_and_a_host_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match="cannot be a party's name"):
        issue(tmp_path, name)


def test_a_host_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="neither a host name"):
        issue(tmp_path, "node", "hôte")


def test_nothing_is_issued_without_an_authority(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no usable development authority"):
        certs.issue(tmp_path, "node")


def test_the_command_makes_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    arguments = ["--out", str(folder), "node-wales=wales.example,10.0.0.7", "analyst"]
    outcome = CliRunner().invoke(dev_certs, arguments, catch_exceptions=False)
    assert outcome.exit_code == 0
    assert (folder / "analyst.signing.pub").read_text().strip() in outcome.output
    assert "never use it with real data" in outcome.output
    assert {"authority.crt", "node-wales.crt", "analyst.signing.key"} <= set(contents(folder))
