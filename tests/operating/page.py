"""Finds the commands of docs/OPERATIONS.md, and what the page says about running them.

Every block of shell commands (```sh) has a mark on the line before it, which is a comment that readers do not see:

    <!-- run: lost-secrets; on sqlite; exits 2; from served-ledger -->

* `lost-secrets` is the story. Blocks of one story run one after the other, in the order of the page, in one folder and
  with one ledger. What a block exports, the next one of its story has.
* `on sqlite` or `on postgresql`: the block is for that engine only. Without it, the story runs on both.
* `exits 2`: the last command of the block must end with this code. Without it, each command must end with 0.
* `from NAME`: what the story begins with (preparations.py). It stands in the first block of the story; without it the
  story begins with `ledger`.

A block of output (```text) right after it has lines that the commands must print, in this order; `…` is any text. A
block that no test runs says why: <!-- not run: it needs a second machine -->. It may be of another language, too.
"""

import pathlib
import re
from dataclasses import dataclass

PAGE = pathlib.Path(__file__).parents[2] / "docs/OPERATIONS.md"
ENGINES = ("sqlite", "postgresql")

_BLOCK = re.compile(
    r"(?P<mark>[^\n]*)\n```sh\n(?P<script>.*?)^```$(?:\n+```text\n(?P<shown>.*?)^```$)?", re.MULTILINE | re.DOTALL
)
_RUN = re.compile(r"<!-- run: (?P<story>[a-z][a-z-]*)(?P<options>(?:; (?:on|exits|from) [a-z0-9-]+)*) -->")
_NOT_RUN = re.compile(r"<!-- not run: .+ -->")


@dataclass(frozen=True)
class Block:
    """Commands of the page that run together."""

    story: str
    script: str
    shown: tuple[str, ...]
    engine: str | None
    exits: int
    begins_with: str | None


def blocks_of(text: str) -> list[Block]:
    """The blocks of a page, in its order. Raises AssertionError where a block of commands has no mark."""
    found = []
    for block in _BLOCK.finditer(text):
        if _NOT_RUN.fullmatch(block["mark"]):
            continue
        marked = _RUN.fullmatch(block["mark"])
        assert marked is not None, f"say above this block whether a test runs it:\n{block['script']}"
        options = dict(option.split() for option in marked["options"].split("; ") if option)
        assert options.get("on") in {None, *ENGINES}, marked[0]
        shown = tuple((block["shown"] or "").splitlines())
        found.append(
            Block(
                marked["story"], block["script"], shown, options.get("on"), int(options.get("exits", 0)),
                options.get("from"),
            )
        )  # fmt: skip
    return found


def stories_of(blocks: list[Block]) -> list[tuple[str, str]]:
    """Each story with each engine that it runs on, in the order of the page."""
    told = []
    for story in dict.fromkeys(block.story for block in blocks):
        engines = {block.engine for block in blocks if block.story == story}
        told += [(story, engine) for engine in ENGINES if None in engines or engine in engines]
    return told
