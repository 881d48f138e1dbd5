"""The walk through a guide notices what its page gets wrong."""

from pathlib import Path

import pytest
from guides.walk import Step, WentWrong, alike, elsewhere, steps, walk


def page(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text)
    return path


def test_a_pages_commands_are_read_in_their_order_with_what_is_shown() -> None:
    text = "Say:\n\n```console\n$ echo 'a\n> b'\na\nb\n$ true\n```\n\n```toml\nx = 1\n```\n\n```sh\ntrue\n```\n"
    assert list(steps(text)) == [
        Step("echo 'a\nb'", ("a", "b"), 4),
        Step("true", (), 8),
        Step("set -e\ntrue\n", (), 16),
    ]


def test_commands_share_one_folder(tmp_path: Path) -> None:
    text = "```sh\nprintf 5 > number\n```\n\n```console\n$ cat number\n7\n```\n"
    assert walk(page(tmp_path, text), tmp_path) == ["", "5"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("```console\n$ false\n```\n", r"page\.md, line 2: false\nended with status 1"),
        ("```sh\nfalse\ntrue\n```\n", "ended with status 1"),
        ("```console fails\n$ true\n```\n", "ended with status 0"),
        ("```console fails\n$ false\n$ false\n```\n", "ended with status 1"),
        ("```console\n$ echo one two\none three\n```\n", "prints something else"),
        ("```console stays\n$ sleep 60\n```\n", "nothing is shown"),
        ("```console stays\n$ true\n$ true\n```\n", "one command"),
        ("```console often\n$ true\n```\n", "begins with"),
        ("```console\ntrue\n```\n", "begins with"),
    ],
)
def test_a_command_that_does_not_do_what_the_page_says_is_told_with_its_line(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(WentWrong, match=why):
        walk(page(tmp_path, text), tmp_path)


def test_a_command_that_stays_is_there_for_those_after_it_and_ends_with_the_walk(tmp_path: Path) -> None:
    stays = "echo $$ > pid; echo 'up on port 81.'; sleep 60"
    text = f'```console stays\n$ bash -c "{stays.replace("$$", chr(92) + "$" + chr(92) + "$")}"\nup on port 5.\n```\n\n'
    walk(page(tmp_path, text + "```sh\nkill -0 $(cat pid)\n```\n"), tmp_path)
    process = Path("/proc") / (tmp_path / "pid").read_text().strip()
    assert not process.exists() or "Z" in (process / "stat").read_text()


def test_what_stays_and_is_given_again_is_stopped_first(tmp_path: Path) -> None:
    stays = "```console stays\n$ bash stay\nup as 81\n```\n\n"
    (tmp_path / "stay").write_text("echo $$ >> pids; echo up as $$; sleep 60")
    running = "```sh\nkill -0 $(tail -1 pids)\n! kill -0 $(head -1 pids)\n```\n"
    walk(page(tmp_path, stays + stays + running), tmp_path)
    assert len((tmp_path / "pids").read_text().split()) == 2


def test_a_script_is_written_under_its_name_and_the_environment_is_that_of_every_command(tmp_path: Path) -> None:
    text = "```python told.py\nimport os\nprint(os.environ['WORD'])\n```\n\n```console\n$ python told.py\nsaid\n```\n"
    assert walk(page(tmp_path, text), tmp_path, WORD="said")[-1] == "said\n"


def test_what_is_done_elsewhere_is_not_run_and_is_told(tmp_path: Path) -> None:
    text = "```sh elsewhere\nfalse\n```\n"
    assert walk(page(tmp_path, text), tmp_path) == []
    assert elsewhere(text) == ["false\n"]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("England │ 38,352 ± 29", "England │   1.5 ± 7", True),
        ("edition c1ca455e634d1885c69507d94543d95c", "edition 0000000000000000000000000000000a", True),
        ("a\n...\nz", "a\nmany\nlines\nz", True),
        ("a note that\nbreaks", "a note\nthat breaks", True),
        ("reference  TW27-HZ5F, in the log", "reference  ABCD-EFGH, in the log", True),
        ("as 61IffyTFl2d5BoXhMRTib3rtOgWBRZduoKH4y9LtgUE=", "as 7xkahKxPOT9mOOIMf65nt4OMDRQ7Xw5vDzVkbTD1ipw=", True),
        ("a\n...\nz", "a\nmany\nlines", False),
        ("England ± 1", "England ± 1 [u]", False),
        ("held", "not held", False),
        ("a.c", "abc", False),
    ],
)
def test_numbers_ids_and_widths_may_differ_and_words_may_not(shown: str, printed: str, same: bool) -> None:
    assert alike(shown, printed) is same
