"""The agreement file: what is refused, and who is who in it."""

from pathlib import Path

import pytest
from concordat_query.agreement import Agreement, load
from concordat_query.errors import Reason, Refusal
from concordat_query.model import Calculus
from concordat_query.signing import SigningKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# always the same keys: they stand in the names of tests, which every process that runs a part of them must agree on
ANALYST, OTHER, NODE = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2, 3))
TOML = f"""
id = "uk-road"
version = 3
title = "Road casualties"
catalogue_sha256 = "{"ab" * 32}"
starts = 2026-01-01
expires = 2027-01-01
[[parties]]
node = "node-wales"
nation = "Wales"
public_key = "{NODE.public_key_text}"
[[analysts]]
name = "ana"
public_key = "{ANALYST.public_key_text}"
[[analysts]]
name = "otto"
public_key = "{OTHER.public_key_text}"
[populations.people]
epsilon = 10
delta = 1e-6
[datasets."road.casualties"]
columns = ["year"]
keys = ["year"]
statistics = ["COUNT(*)", "AVG"]
max_groups = 2
max_rows = 1
max_epsilon = 1.0
[defaults]
epsilon = 0.5
"""


def read(folder: Path, text: str = TOML) -> Agreement:
    path = folder / "agreement.toml"
    path.write_text(text)
    return load(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    agreement = read(tmp_path)
    assert agreement.permission("road.casualties").max_groups == 2
    assert agreement.party_by_node["node-wales"].nation == "Wales"
    assert (agreement.defaults.max_groups, agreement.shares_answers) == (1, False)


def test_an_analyst_is_known_by_the_key_alone(tmp_path: Path) -> None:
    agreement = read(tmp_path)
    assert agreement.analyst_of(ANALYST.public_key).name == "ana"
    assert agreement.analyst_of(OTHER.public_key).name == "otto"
    for stranger in (NODE.public_key, b"", b"\xff" * 32):
        with pytest.raises(Refusal) as refused:
            agreement.analyst_of(stranger)
        assert refused.value.reason is Reason.UNKNOWN_ANALYST


def test_a_data_set_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        read(tmp_path).permission("health.visits")
    assert refused.value.reason is Reason.NOT_IN_AGREEMENT


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("version = 3", "version = 3\ncolour = 1", "colour"),
        ("version = 3", "", "version"),
        ("ab" * 32, "AB" * 32, "catalogue_sha256"),
        ("expires = 2027-01-01", 'expires = "soon"', "expires"),
        (NODE.public_key_text, "c2hvcnQ=", "public_key"),
        (NODE.public_key_text, "no base64", "public_key"),
        ('name = "otto"', 'name = "ana"', "twice"),
        (OTHER.public_key_text, ANALYST.public_key_text, "twice"),
        ("epsilon = 10", "epsilon = 0", "populations.people.epsilon"),
        ("epsilon = 10", "epsilon = inf", "populations.people.epsilon"),
        ("delta = 1e-6", "delta = 0.5", "populations.people.delta"),
        ("delta = 1e-6", "", "state delta"),
        ("delta = 1e-6", "delta = 1.0", "populations.people.delta"),
        ("delta = 1e-6", 'delta = 1e-6\ncalculus = "pure"', "has no delta"),
        ("delta = 1e-6", 'calculus = "renyi"', "populations.people.calculus"),
        ('"AVG"', '"MIN"', "statistics"),
        ("max_rows = 1", "max_rows = 0", "max_rows"),
        ("max_epsilon = 1.0", "max_epsilon = nan", "max_epsilon"),
        ("max_epsilon = 1.0", "max_epsilon = 1.0\nmax_delta = 0", "max_delta"),
        ("max_epsilon = 1.0", "max_epsilon = 1.0\nmax_delta = 0.01", "max_delta"),
        ("max_epsilon = 1.0", "max_epsilon = 1.0\nmax_delta = nan", "max_delta"),
        ("epsilon = 0.5", "epsilon = -1", "defaults.epsilon"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in TOML
    with pytest.raises(Refusal) as refused:
        read(tmp_path, TOML.replace(old, new, 1))
    assert refused.value.reason is Reason.WRONG_FILE
    assert place in refused.value.message


def test_the_hash_follows_the_content(tmp_path: Path) -> None:
    first = read(tmp_path).sha256
    assert read(tmp_path, "# a comment\n" + TOML).sha256 == first
    assert read(tmp_path, TOML.replace("epsilon = 10", "epsilon = 11")).sha256 != first


def test_a_budget_in_pure_epsilon_has_no_delta_and_counts_in_pure_from_then_on(tmp_path: Path) -> None:
    budget = read(tmp_path, TOML.replace("delta = 1e-6", 'calculus = "pure"')).populations["people"]
    assert (budget.calculus, budget.delta) == (Calculus.PURE, None)
    assert read(tmp_path).populations["people"].calculus is Calculus.GAUSSIAN


def test_an_agreement_in_another_calculus_is_another_agreement(tmp_path: Path) -> None:
    assert read(tmp_path, TOML.replace("delta = 1e-6", 'calculus = "pure"')).sha256 != read(tmp_path).sha256
