"""A signature holds for one key, one purpose and exactly the bytes that were signed."""

import stat
from pathlib import Path

import pytest
from concordat_query.errors import Refusal
from concordat_query.signing import Purpose, SigningKey, is_signed

KEY = SigningKey.generate()
DATA = b"an envelope"


def test_what_was_signed_verifies() -> None:
    for purpose in Purpose:
        assert is_signed(purpose, DATA, KEY.sign(purpose, DATA), KEY.public_key)


def test_nothing_else_verifies() -> None:
    signature = KEY.sign(Purpose.QUERY, DATA)
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    assert not is_signed(Purpose.QUERY, DATA + b".", signature, KEY.public_key)
    assert not is_signed(Purpose.QUERY, DATA, flipped, KEY.public_key)
    assert not is_signed(Purpose.QUERY, DATA, signature, SigningKey.generate().public_key)
    assert not is_signed(Purpose.QUERY, DATA, b"", KEY.public_key)
    assert not is_signed(Purpose.QUERY, DATA, signature, b"short")


def test_a_signature_for_one_purpose_passes_for_no_other() -> None:
    for made in Purpose:
        for asked in Purpose:
            assert is_signed(asked, DATA, KEY.sign(made, DATA), KEY.public_key) == (asked is made)


def test_no_purpose_is_the_beginning_of_another() -> None:
    # else bytes could be moved between prefix and data
    prefixes = [purpose.value for purpose in Purpose]
    assert not [(a, b) for a in prefixes for b in prefixes if a != b and b.startswith(a)]


def test_a_key_file_is_its_owners_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "analyst.signing.key"
    KEY.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SigningKey.read(path).public_key == KEY.public_key
    with pytest.raises(FileExistsError):
        SigningKey.generate().write(path)


@pytest.mark.parametrize("content", [None, "", "not base64!", "c2hvcnQ=\n"])
def test_a_missing_or_malformed_key_file_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "analyst.signing.key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Refusal) as refused:
        SigningKey.read(path)
    assert refused.value.field == str(path)
    assert content is None or not content or content.strip() not in refused.value.message


def test_a_key_shows_nothing_of_itself() -> None:
    assert repr(KEY) == "SigningKey(...)"
