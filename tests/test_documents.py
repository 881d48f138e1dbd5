"""The documents: what they link to, name or quote exists."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from shutil import which

import click
import pytest
from concordat_privacy.status import Status
from concordat_query.catalogue import load
from concordat_query.text import read_sql
from guides.walk import steps

ROOT = Path(__file__).resolve().parent.parent
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
PROPERTIES = ROOT / "docs" / "security-properties.md"
SAMPLES = ROOT / "deploy" / "samples"
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
CATALOGUE = load(ROOT / "deploy" / "demo" / "catalogue.toml")
Block = tuple[str, str]
SHELL = ("|", "||", "&&", ";", "2>>", ">")
"""Where a command of ours ends and the shell goes on."""


def documents() -> list[Path]:
    """Every page that git knows or would add, so that nothing built or installed counts."""
    git = which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git clone")
    listing = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S603
    return [path for name in names.split("\0") if name and (path := ROOT / name).is_file()]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> list[Block]:
    """The blocks of code: their language ("" where none is given) and text."""
    return re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        if not linked.exists() or not linked.is_relative_to(ROOT) or (anchor and anchor not in anchors(linked)):
            yield target


def commands(page: Path) -> list[list[str]]:
    """Every command of ours that a block of code shows, as a shell would split it. Quotes may span lines."""
    consoles = (split(step.command) or [] for step in steps(page.read_text()))
    found = [
        list(takewhile(lambda word: word not in SHELL, words))
        for words in consoles
        if words[:1] and words[0] in SCRIPTS
    ]
    for language, text in blocks(page):
        pending = ""
        for line in text.splitlines() if not language else []:
            pending += line + "\n"
            if pending.split(maxsplit=1)[0:1] and pending.split(maxsplit=1)[0] not in SCRIPTS:
                pending = ""
            elif (words := split(pending)) is not None:
                found += [words] if words else []
                pending = ""
    return found


def split(text: str) -> list[str] | None:
    """The words of a line, or None where a quote is still open."""
    try:
        return shlex.split(text)
    except ValueError:
        return None


def mentions(page: Path) -> list[list[str]]:
    """Every command of ours in running text, which may be a part of one."""
    spans = (span.split() for span in re.findall(r"`([^`\n]+)`", prose(page)))
    return [words for words in spans if words and words[0] in SCRIPTS]


def root_command(name: str) -> click.Group:
    module, function = SCRIPTS[name].split(":")
    command = getattr(import_module(module), function)
    assert isinstance(command, click.Group)
    return command


def subcommand(words: list[str]) -> click.Command:
    group = root_command(words[0])
    command = group.get_command(click.Context(group), words[1])
    assert command is not None, f"{words[0]} has no command {words[1]!r}"
    return command


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_relative_link_leads_somewhere() -> None:
    broken = [(page_id(page), target) for page in documents() for target in broken_links(page)]
    assert broken == []


def test_the_documents_are_there() -> None:
    names = {page_id(page) for page in documents()}
    assert {"README.md", "docs/glossary.md", "docs/language.md", "docs/wire-format.md"} <= names
    assert {"docs/security-properties.md", "docs/guides/analyst.md", "docs/guides/operator.md"} <= names


def test_every_decision_is_listed_by_its_title() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"^- \[(\d{4})\]\(([^)]+)\) (.+)$", (folder / "README.md").read_text(), flags=re.MULTILINE)
    titles = []
    for page in sorted(folder.glob("[0-9]*.md")):
        number, _, title = page.read_text().partition("\n")[0].removeprefix("# ").partition(" ")
        titles.append((number, page.name, title))
    assert listed == titles


def test_every_principle_has_its_modules_tests_and_what_is_left() -> None:
    sections = re.split(r"^## ", PROPERTIES.read_text(), flags=re.MULTILINE)[1:]
    assert [section.split(".")[0] for section in sections] == [str(number) for number in range(1, 9)]
    for section in sections:
        assert re.search(r"\*\*Held by\*\* `", section)
        assert re.search(r"\*\*Guarded by\*\*\n- `tests/", section)
        assert re.search(r"\*\*What is left\*\*\n- ", section)


def test_every_test_that_guards_a_property_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PROPERTIES.read_text())
    assert len(named) > 60
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file()
        or not re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), flags=re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.parametrize("page", [*GUIDES, PROPERTIES], ids=page_id)
def test_every_file_that_is_named_exists(page: Path) -> None:
    """Paths are written from the root; a file name alone belongs to its reader's own folder."""
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|toml|proto|md))", prose(page))
    built = [path for path in named if path.startswith(("build/", "certs/", "state/"))]
    assert [path for path in named if path not in built and not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("page", GUIDES, ids=page_id)
def test_every_command_that_is_shown_can_be_given(page: Path) -> None:
    for words in commands(page):
        subcommand(words).make_context(words[1], words[2:])  # raises where an option or argument is wrong


def test_the_guides_show_every_command() -> None:
    shown = {(words[0], words[1]) for page in GUIDES for words in commands(page) + mentions(page) if len(words) > 1}
    offered = {
        (name, sub) for name in SCRIPTS for sub in root_command(name).list_commands(click.Context(click.Group()))
    }
    assert shown == offered


def test_every_command_and_option_mentioned_exists() -> None:
    for page in documents():
        for words in mentions(page):
            for name in [part for part in words[1:2] if part != "|"]:
                known = {option for parameter in subcommand([words[0], name]).params for option in parameter.opts}
                assert {word for word in words[2:] if word.startswith("--")} <= known, (page_id(page), words)


@pytest.mark.parametrize("page", GUIDES, ids=page_id)
def test_every_query_that_is_shown_is_read(page: Path) -> None:
    texts = [words[-1] for words in commands(page) if words[1] in ("query", "explain")]
    texts += re.findall(r'connection\.query\("(.+?)"\)', page.read_text())
    for text in texts:
        if "mode = 'Car'" not in text and "emergency." not in text:  # shown for its refusal; another catalogue's
            read_sql(text, CATALOGUE)


@pytest.mark.parametrize(("page", "sample"), [("operator.md", "node.toml"), ("analyst.md", "client.toml")])
def test_a_guides_configuration_is_the_sample_of_it(page: str, sample: str) -> None:
    shown = [tomllib.loads(text) for language, text in blocks(ROOT / "docs" / "guides" / page) if language == "toml"]
    assert tomllib.loads((SAMPLES / sample).read_text()) in shown


def test_the_wire_format_lists_every_status() -> None:
    listed = re.findall(
        r"^\| `([a-z ]+)` \| (?:yes|no) \|", (ROOT / "docs" / "wire-format.md").read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(Status)


def test_make_targets_that_are_mentioned_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    mentioned = {name for page in documents() for name in re.findall(r"`make ([a-z-]+)", page.read_text())}
    assert {"demo", "test", "help"} <= mentioned <= targets


def test_the_glossary_is_alphabetical_and_says_each_word_once() -> None:
    words = re.findall(r"^\| (.+?) \|", (ROOT / "docs" / "glossary.md").read_text(), flags=re.MULTILINE)[2:]
    assert len(words) > 50
    assert words == sorted(set(words), key=str.lower)
