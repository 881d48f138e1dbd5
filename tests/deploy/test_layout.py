"""Every file that the demo writes is one that its reader accepts; no party holds what is another's."""

from datetime import date
from pathlib import Path

import pytest
from agreement import Signatory, agreement_toml
from concordat_client.config import read_settings as read_client
from concordat_coordinator.config import read_settings as read_coordinator
from concordat_node.config import check_agreement
from concordat_node.config import read_settings as read_node
from concordat_privacy.accounting import rho_nano_of
from concordat_query import agreement as agreements
from concordat_query.model import Statistic
from concordat_query.signing import SigningKey
from layout import ANALYST, COORDINATOR, HERE, NODES, Layout, lay_out, write_client, write_coordinator
from lookalike import FILES

PARTIES = (*NODES, COORDINATOR, ANALYST)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory, lookalike_folder: Path) -> Layout:
    made = lay_out(tmp_path_factory.mktemp("demo") / "demo", lookalike_folder)
    write_coordinator(made, {name: f"127.0.0.1:{7001 + index}" for index, name in enumerate(NODES)})
    write_client(made, "127.0.0.1:7000")
    return made


@pytest.mark.parametrize("name", list(NODES))
def test_a_nodes_files_fit_each_other(layout: Layout, name: str) -> None:
    settings = read_node(layout.config(name))
    check_agreement(settings)
    assert settings.file.nation == NODES[name]
    assert list(settings.mappings) == ["road.casualties", "road.collisions_people"]
    assert settings.file.callers == (COORDINATOR,)


def test_the_coordinators_file_names_every_node(layout: Layout) -> None:
    assert [node.name for node in read_coordinator(layout.config(COORDINATOR)).file.nodes] == list(NODES)


def test_the_clients_files_fit_each_other(layout: Layout) -> None:
    settings = read_client(layout.config(ANALYST))
    assert settings.agreement.analyst_of(settings.key.public_key).name == ANALYST


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_holds_no_key_but_its_own(layout: Layout, party: str) -> None:
    keys = {path.name for path in layout.folder(party).rglob("*.key")}
    assert keys == {f"{party}.key", f"{party}.signing.key"}


@pytest.mark.parametrize("name", list(NODES))
def test_a_node_holds_the_records_of_its_own_nation_only(layout: Layout, name: str) -> None:
    found = {path.name for path in layout.folder(name).rglob("*.parquet")}
    assert found == set(FILES[NODES[name]])


@pytest.mark.parametrize("party", [COORDINATOR, ANALYST])
def test_who_only_asks_holds_no_records(layout: Layout, party: str) -> None:
    assert not list(layout.folder(party).rglob("*.parquet"))


def test_the_budget_lasts_for_the_demo_and_a_visitors_experiments(layout: Layout) -> None:
    agreement = read_client(layout.config(ANALYST)).agreement
    budget = agreement.populations["road.injuries"]
    queries = rho_nano_of(budget.epsilon, budget.delta) // rho_nano_of(agreement.defaults.epsilon, budget.delta)
    assert queries > 100


@pytest.mark.parametrize("name", ["road.casualties", "road.collisions_people"])
def test_the_agreement_lets_every_column_be_asked_and_groups_only_by_public_keys(layout: Layout, name: str) -> None:
    permission = read_client(layout.config(ANALYST)).agreement.permission(name)
    assert permission.columns == tuple(layout.catalogue.dataset(name).by_name)
    assert permission.keys == tuple(c.name for c in layout.catalogue.dataset(name).columns if c.may_be_key)
    assert set(permission.statistics) == set(Statistic)
    assert "year" in permission.keys
    assert "age" not in permission.keys


def test_the_agreement_is_in_force_on_the_day_it_was_made_in_every_time_zone(layout: Layout) -> None:
    key = SigningKey.generate().public_key_text
    other = SigningKey.generate().public_key_text
    today = date(2026, 1, 31)
    terms = (HERE / "terms.toml").read_text()
    nodes, analyst = [Signatory("node-x", key, "England")], Signatory("a", other)
    text = agreement_toml(terms, layout.catalogue.sha256, nodes, analyst, today)
    (layout.root / "one.toml").write_text(text)
    agreement = agreements.load(layout.root / "one.toml")
    assert agreement.starts < today < agreement.expires
