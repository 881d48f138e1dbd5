"""Certificate files that cannot work are refused when they are read, not at the first handshake."""

from pathlib import Path

import pytest
from concordat_query.errors import Refusal
from concordat_wire.tls import Tls, TlsFiles, read_material
from fakes.certificates import FakeAuthority


@pytest.fixture
def authority(tmp_path: Path) -> FakeAuthority:
    return FakeAuthority(tmp_path)


def test_files_that_fit_together_are_read(authority: FakeAuthority) -> None:
    tls = authority.issue("node")
    material = read_material(tls)
    assert (material.certificate, material.key) == (tls.certificate.read_bytes(), tls.key.read_bytes())


def test_key_material_is_never_shown(authority: FakeAuthority) -> None:
    assert "BEGIN" not in repr(read_material(authority.issue("node")))


def test_a_missing_file_is_named(authority: FakeAuthority) -> None:
    tls = authority.issue("node")
    tls.key.unlink()
    with pytest.raises(Refusal, match=r"node\.key: there is no such file"):
        read_material(tls)


def test_a_folder_in_place_of_a_file_is_named(authority: FakeAuthority) -> None:
    tls = authority.issue("node")
    with pytest.raises(Refusal, match="cannot be read"):
        read_material(Tls(authority.folder, tls.key, tls.authority))


def test_a_certificate_that_is_none_is_named(authority: FakeAuthority) -> None:
    tls = authority.issue("node")
    tls.authority.write_text("not a certificate")
    with pytest.raises(Refusal, match=r"authority\.crt: not a certificate"):
        read_material(tls)


def test_a_key_that_is_none_is_named_and_not_quoted(authority: FakeAuthority) -> None:
    tls = authority.issue("node")
    tls.key.write_text("half a key")
    with pytest.raises(Refusal, match=r"node\.key: not a private key") as caught:
        read_material(tls)
    assert "half a key" not in caught.value.message


def test_the_key_of_another_certificate_is_refused(authority: FakeAuthority) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    with pytest.raises(Refusal, match=r"other\.key: this key does not belong to the certificate one\.crt"):
        read_material(Tls(one.certificate, other.key, one.authority))


def test_an_expired_certificate_is_refused(authority: FakeAuthority) -> None:
    with pytest.raises(Refusal, match=r"old\.crt: the certificate has expired"):
        read_material(authority.issue("old", days=-2))


def test_paths_in_a_configuration_are_relative_to_it() -> None:
    files = TlsFiles(certificate=Path("certs/a.crt"), key=Path("certs/a.key"), authority=Path("/etc/authority.crt"))
    assert files.beside(Path("/srv/node")) == Tls(
        Path("/srv/node/certs/a.crt"), Path("/srv/node/certs/a.key"), Path("/etc/authority.crt")
    )
