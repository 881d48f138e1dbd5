"""The sample files are what their readers accept, fit each other, and carry a small delivery through import."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from concordat_client.config import read_settings as read_client
from concordat_coordinator.config import read_settings as read_coordinator
from concordat_node.cli import main
from concordat_node.config import check_agreement
from concordat_node.config import read_settings as read_node
from concordat_node.importing import mapping as mappings
from concordat_query import agreement as agreements
from concordat_query import catalogue as catalogues
from concordat_query.errors import Reason, Refusal

SAMPLES = Path(__file__).resolve().parents[2] / "deploy" / "samples"
SIGNATORIES = ("node-england", "node-wales", "analyst")
HEADER = "accident_index,casualty_reference,accident_year,casualty_severity,sex_of_casualty,age_of_casualty\n"
RECORDS = """\
a1,1,2021,3,1,34
a1,2,2022,3,2,-1
a2,1,2022,1,-1,130
a3,1,2023,2,9,7
a4,1,2023,4,1,50
a5,1,2020,3,1,50
,1,2023,3,1,50
"""
"""Good, without an age, out of range, an unknown sex, an unknown severity, outside what is held, without an id."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples with certificates made for them, the agreement's public keys filled in, and a few records."""
    made = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES.glob("*.toml"):
        shutil.copy(sample, made)
    run("dev-certs", "--out", str(made / "certs"), *SIGNATORIES, "coordinator")
    agreement = agreements.load(SAMPLES / "agreement.toml")
    text = (made / "agreement.toml").read_text()
    keys = [party.public_key for party in agreement.parties] + [analyst.public_key for analyst in agreement.analysts]
    for name, placeholder in zip(SIGNATORIES, keys, strict=True):
        assert text.count(placeholder) == 1
        text = text.replace(placeholder, (made / "certs" / f"{name}.signing.pub").read_text().strip())
    (made / "agreement.toml").write_text(text)
    (made / "data").mkdir()
    (made / "data" / "casualties.csv").write_text(HEADER + RECORDS)
    return made


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def test_there_is_a_sample_of_every_file_that_people_write() -> None:
    names = {"node", "coordinator", "client", "agreement", "mapping", "catalogue"}
    assert {sample.stem for sample in SAMPLES.glob("*.toml")} == names


def test_catalogue_agreement_and_mapping_are_read_and_fit_each_other() -> None:
    catalogue = catalogues.load(SAMPLES / "catalogue.toml")
    agreement = agreements.load(SAMPLES / "agreement.toml")
    assert agreement.catalogue_sha256 == catalogue.sha256
    for name, permission in agreement.datasets.items():
        dataset = catalogue.dataset(name)
        assert dataset.population in agreement.populations
        assert set(permission.columns) == set(dataset.by_name)
        assert all(dataset.column(key).may_be_key for key in permission.keys)
    assert mappings.load(SAMPLES / "mapping.toml", catalogue).dataset in agreement.datasets


def test_a_nodes_sample_is_read_with_all_that_it_names(folder: Path) -> None:
    settings = read_node(folder / "node.toml")
    check_agreement(settings)
    assert list(settings.mappings) == ["road.casualties"]


def test_a_coordinators_sample_is_read_with_all_that_it_names(folder: Path) -> None:
    settings = read_coordinator(folder / "coordinator.toml")
    assert {node.name for node in settings.file.nodes} == set(settings.agreement.party_by_node)


def test_an_analysts_sample_is_read_with_all_that_it_names(folder: Path) -> None:
    settings = read_client(folder / "client.toml")
    assert settings.agreement.analyst_of(settings.key.public_key).name == "analyst"


def test_a_delivery_passes_through_import_and_check(folder: Path) -> None:
    configured = ("--config", str(folder / "node.toml"))
    report = run("import", *configured)
    kept = next(line.split()[-1] for line in report.splitlines() if line.startswith("rows kept"))
    assert kept == "4"
    assert "everything is in order" in run("check", *configured)


def test_a_public_key_that_was_not_filled_in_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    shutil.copy(SAMPLES / "agreement.toml", tmp_path)
    with pytest.raises(Refusal, match="public key of 'node-england'") as caught:
        check_agreement(read_node(tmp_path / "node.toml"))
    assert caught.value.reason is Reason.WRONG_AGREEMENT
