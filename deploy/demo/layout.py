"""Every party's own folder: configuration, keys, certificates, catalogue, agreement and, for a node, its data.

Parties share no file: what all must hold alike (authority's certificate, catalogue, agreement) is copied to each.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agreement import Signatory, agreement_toml
from concordat_node.certs import issue, make_authority
from concordat_node.importing import mapping as mappings
from concordat_query import catalogue as catalogues
from concordat_query.catalogue import Catalogue
from concordat_query.signing import SigningKey

HERE = Path(__file__).parent
NODES: Mapping[str, str] = {
    "node-england": "England",
    "node-scotland": "Scotland",
    "node-wales": "Wales",
    "node-northern-ireland": "Northern Ireland",
}
"""Each node's nation, by its name."""
COORDINATOR, ANALYST = "coordinator", "analyst"

TLS = """\
[tls]
certificate = "certs/{name}.crt"
key = "certs/{name}.key"
authority = "certs/authority.crt"
"""
NODE = """\
name = "{name}"
nation = "{nation}"
state = "state"
catalogue = "catalogue.toml"
agreement = "agreement.toml"
signing_key = "certs/{name}.signing.key"
data = "data"
mappings = {mappings}
listen = "127.0.0.1:0"
callers = ["coordinator"]

[engine]
memory_limit = "1GB"
threads = 1

"""
COORDINATOR_HEAD = """\
listen = "127.0.0.1:0"
catalogue = "catalogue.toml"
agreement = "agreement.toml"

"""
CLIENT = """\
coordinator = "{address}"
coordinator_name = "coordinator"
catalogue = "catalogue.toml"
agreement = "agreement.toml"
signing_key = "certs/analyst.signing.key"

"""


@dataclass(frozen=True)
class Layout:
    """Where everything of one network stands."""

    root: Path
    catalogue: Catalogue

    def folder(self, party: str) -> Path:
        return self.root / party

    def config(self, party: str) -> Path:
        names = {COORDINATOR: "coordinator.toml", ANALYST: "client.toml"}
        return self.folder(party) / names.get(party, "node.toml")


def lay_out(root: Path, data: Path, subject: Path = HERE) -> Layout:
    """Makes every folder, a development authority, all keys and certificates, the agreement, the nodes' files.

    `subject` holds what the network is about: catalogue.toml, terms.toml of the agreement and mappings/<nation>.toml,
    with mappings/<nation>.<name>.toml for further data sets. Their sources lie in `data`.
    """
    layout = Layout(root, catalogues.load(subject / "catalogue.toml"))
    authority = root / "authority"
    make_authority(authority)
    for party in (*NODES, COORDINATOR, ANALYST):
        issue(authority, party)
        _give_certificates(authority, layout.folder(party) / "certs", party)
    text = _agreement(layout, (subject / "terms.toml").read_text(), date.today())
    for party in (*NODES, COORDINATOR, ANALYST):
        shutil.copyfile(subject / "catalogue.toml", layout.folder(party) / "catalogue.toml")
        (layout.folder(party) / "agreement.toml").write_text(text)
    for name, nation in NODES.items():
        _fill_node(layout, name, nation, mapping_paths(subject, nation), data)
    return layout


def mapping_path(subject: Path, nation: str) -> Path:
    return subject / "mappings" / f"{nation.lower().replace(' ', '_')}.toml"


def mapping_paths(subject: Path, nation: str) -> tuple[Path, ...]:
    """A nation's mapping, and those of further data sets after it."""
    first = mapping_path(subject, nation)
    return (first, *sorted(first.parent.glob(f"{first.stem}.*.toml")))


def _give_certificates(authority: Path, certs: Path, party: str) -> None:
    """A party gets its own files and the authority's certificate, never the authority's key."""
    certs.mkdir(parents=True)
    for file in ("authority.crt", f"{party}.crt", f"{party}.key", f"{party}.signing.key"):
        shutil.copy(authority / file, certs / file)


def _agreement(layout: Layout, terms: str, today: date) -> str:
    def signatory(party: str, nation: str = "") -> Signatory:
        key = SigningKey.read(layout.folder(party) / "certs" / f"{party}.signing.key")
        return Signatory(party, key.public_key_text, nation)

    nodes = [signatory(name, nation) for name, nation in NODES.items()]
    return agreement_toml(terms, layout.catalogue.sha256, nodes, signatory(ANALYST), today)


def _fill_node(layout: Layout, name: str, nation: str, paths: Sequence[Path], data: Path) -> None:
    folder = layout.folder(name)
    own = {f"mapping{path.name.removeprefix(paths[0].stem)}": path for path in paths}
    head = NODE.format(name=name, nation=nation, mappings=json.dumps(list(own)))
    layout.config(name).write_text(head + TLS.format(name=name))
    (folder / "data").mkdir()
    for place, mapping in own.items():
        shutil.copyfile(mapping, folder / place)
        for source in mappings.load(mapping, layout.catalogue).sources.values():
            shutil.copyfile(data / source.path, folder / "data" / source.path)


def write_coordinator(layout: Layout, addresses: Mapping[str, str]) -> None:
    """coordinator.toml, once the nodes have said where they listen."""
    nodes = [f"\n[[nodes]]\nname = {json.dumps(name)}\naddress = {json.dumps(at)}\n" for name, at in addresses.items()]
    text = COORDINATOR_HEAD + TLS.format(name=COORDINATOR) + "".join(nodes)
    layout.config(COORDINATOR).write_text(text)


def write_client(layout: Layout, address: str) -> None:
    """client.toml, once the coordinator has said where it listens."""
    layout.config(ANALYST).write_text(CLIENT.format(address=address) + TLS.format(name=ANALYST))
