"""Runs the commands of docs/OPERATIONS.md as the page shows them, and finds commands that no test runs.

tests/operating says how the page marks its commands.
"""

import pathlib
import shutil
from collections.abc import Callable

import pytest

import tests.operating.standbys  # noqa: F401 (it registers preparations)
from tests.operating.page import PAGE, blocks_of, stories_of
from tests.operating.preparations import PREPARATIONS
from tests.operating.stories import a_story, shows
from tests.servers import free_port

BLOCKS = blocks_of(PAGE.read_text("utf-8"))

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")


@needs_curl
@pytest.mark.parametrize(("story", "engine_name"), stories_of(BLOCKS))
def test_the_commands_of_the_page_do_what_it_says(
    story: str, engine_name: str, tmp_path: pathlib.Path, new_database: Callable[[], str]
) -> None:
    blocks = [block for block in BLOCKS if block.story == story]
    (begins_with,) = {block.begins_with for block in blocks} - {None} or {"ledger"}
    folder = tmp_path / "story"
    folder.mkdir()
    with a_story(folder, free_port(), engine_name) as told, PREPARATIONS[begins_with or ""](told, new_database):
        for block in blocks:
            if block.engine in {None, engine_name}:
                told.tell(block)


@pytest.mark.parametrize(
    ("script", "shown", "message"),
    [
        ("false\ntrue", "", "ended with 1"),
        ("echo 13 trades", "12 trades", "expected"),
        ("true", "anything", "expected"),
    ],
)
def test_a_command_that_fails_or_says_something_else_is_found(
    script: str, shown: str, message: str, tmp_path: pathlib.Path
) -> None:
    (block,) = blocks_of(f"<!-- run: x; on sqlite -->\n```sh\n{script}\n```\n\n```text\n{shown}\n```\n")
    with a_story(tmp_path, free_port(), "sqlite") as told, pytest.raises(AssertionError, match=message):
        told.tell(block)


def test_a_block_of_commands_without_a_mark_is_found() -> None:
    with pytest.raises(AssertionError, match="say above this block"):
        blocks_of("Do this:\n```sh\nhushi verify\n```\n")
    assert blocks_of("<!-- not run: no systemd runs here -->\n```sh\nsystemctl enable hushi\n```\n") == []


def test_the_lines_of_a_page_are_compared_in_order() -> None:
    assert shows("a\nb 12 c\nd\n", ("a", "b … c"))
    assert not shows("a\nb\n", ("b", "a"))
    assert not shows("a 1 b\n", ("a … c",))
