"""The catalogue of words: complete in three languages, all of it used, and no word for people anywhere else."""

import ast
import functools
import io
import pathlib
import re
import string
import tokenize
from collections.abc import Iterator
from typing import get_args

import pytest

from schemas.bulletin_document import INDICATORS, RESIDENTS
from service.domain.cells import DIMENSIONS
from service.domain.growth import Reason
from service.domain.processing_cells import PROCESSING_DIMENSIONS
from service.domain.reports import INTERVALS
from service.domain.transactions import DIRECTIONS
from service.domain.transfers import PURPOSES
from service.domain.warnings import CODES
from service.http.web.catalogue import SUBJECTS
from service.http.web.page_links import PAGES
from service.rendering.words import LANGUAGES, catalogue

ROOT = pathlib.Path(__file__).parents[2]
WEB = ROOT / "service" / "http" / "web"
SCRIPTS = sorted((WEB / "static").glob("*.js"))
TEMPLATES = sorted((WEB / "templates").iterdir())
PYTHON = sorted(path for folder in ("service", "schemas") for path in (ROOT / folder).rglob("*.py"))
KEYS = set(catalogue()["en"])
FORMATTER = string.Formatter()
MAY_BE_EMPTY = (
    "unit.",
    "phrase.endings",
    "brief.space",
    "brief.thousands",
    "brief.small_multiples",
    "brief.amount_alone",
)
"""Units that a language does not write, endings that only Mongolian has, blanks that Chinese has not."""

LETTERS = re.compile("[\u0400-\u04ff\u3400-\u9fff\uf900-\ufaff]")
"""Cyrillic and Han."""

SHARED = {"shell", "measure", "part"}
"""The subjects that scripts call by bare names, as static/words.js has them."""

BARE = (*SHARED, *PAGES)
"""All subjects whose words are called by bare names: a page has a subject of its own."""


# Complete.


def test_all_languages_have_the_same_keys() -> None:
    assert {lang: set(words) ^ KEYS for lang, words in catalogue().items()} == {lang: set() for lang in LANGUAGES}
    assert len(KEYS) > 250


def test_no_word_is_missing() -> None:
    empty = [(lang, key) for lang in LANGUAGES for key, said in catalogue()[lang].items() if not said.strip()]
    assert [each for each in empty if not each[1].startswith(MAY_BE_EMPTY)] == []


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_message_has_the_same_parts_in_each_language(key: str) -> None:
    parts = {
        lang: {name for _, name, _, _ in string.Formatter().parse(catalogue()[lang][key]) if name} for lang in LANGUAGES
    }
    assert parts["zh"] == parts["en"] == parts["mn"]


def test_words_are_in_the_letters_of_their_language() -> None:
    """Chinese and Mongolian have some of their own; English has none of theirs, but in the name of the product."""
    brand = {key for key in KEYS if key.startswith("product.")}
    assert [key for key in KEYS - brand if LETTERS.search(catalogue()["en"][key])] == []
    assert [key for key in KEYS - brand if re.search("[\u0400-\u04ff]", catalogue()["zh"][key])] == []
    assert [key for key in KEYS - brand if re.search("[\u3400-\u9fff]", catalogue()["mn"][key])] == []


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("measure", {*INDICATORS, *RESIDENTS, "paid_cny", "enterprises", "share_of_imports_pct"}),
        ("reason", set(get_args(Reason))),
        ("dimension", {*DIMENSIONS, *PROCESSING_DIMENSIONS, *INTERVALS}),
        ("purpose", set(PURPOSES)),
        ("direction", set(DIRECTIONS)),
        ("warning", set(CODES)),
    ],
)
def test_a_subject_has_a_word_for_each_name_that_the_domain_has(subject: str, names: set[str]) -> None:
    assert {key.partition(".")[2] for key in KEYS if key.startswith(f"{subject}.")} == names


# Used, and all that is used.


def _called(path: pathlib.Path) -> Iterator[tuple[str, bool]]:
    """Each name that a file calls a word by, and whether it is a pattern, whose {} stands for anything."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        subjects = "|".join({key.partition(".")[0] for key in KEYS})
        calls = re.findall(rf"""(?<![\w.])f?(["'])((?:{subjects})\.(?:\{{[^{{}}]*\}}|[\w.])+)\1""", text)
        yield from ((re.sub(r"\{[^}]*\}", "{}", name), "{" in name) for _, name in calls if not name.endswith(".html"))
    elif path.suffix == ".html":
        for name in re.findall(r"""data-(?:word|label)="([^"]+)"|\bword(?:_in)?\("([^"]+)\"""", text):
            said = "".join(name)
            follows = re.search(rf"""\bword(?:_in)?\("{re.escape(said)}" ~""", text) is not None
            yield re.sub(r"\{\{[^}]*\}\}", "{}", said) + ("{}" if follows else ""), "{{" in said or follows
    else:
        for name in re.findall(r"""(?:\b(?:word|say)\(\s*|\bwords\[\w+\]\[)["`](?!\$\{\w+\}\.)([^"`]+)["`]""", text):
            yield re.sub(r"\$\{[^}]*\}", "{}", name), "${" in name


def _keys_of(name: str, is_pattern: bool, path: pathlib.Path) -> set[str]:
    """The keys that a call may mean; a script calls words of its page and of shared subjects by bare names.

    What a variable stands for in a key must be said between quotes somewhere: else nobody ever calls for that key.
    """
    pattern = re.compile(re.escape(name).replace(r"\{\}", r"([\w.:-]+)") if is_pattern else re.escape(name))
    bare = BARE if path.suffix == ".js" or path.parent.name == "templates" else ()
    found = set()
    for key in KEYS:
        for called in (key, *(key.removeprefix(f"{subject}.") for subject in bare if key.startswith(f"{subject}."))):
            match = pattern.fullmatch(called)
            if match and all(part.isdigit() or part in _literals() for part in match.groups()):
                found.add(key)
    return found


@functools.cache
def _calls() -> list[tuple[pathlib.Path, str, set[str]]]:
    return [
        (path, name, _keys_of(name, is_pattern, path))
        for path in [*PYTHON, *SCRIPTS, *(each for each in TEMPLATES if each.suffix == ".html")]
        for name, is_pattern in _called(path)
    ]


@functools.cache
def _literals() -> set[str]:
    """Every name between quotes, or behind the colon of a part in a message: what variables may hold."""
    texts = [path.read_text("utf-8") for path in [*PYTHON, *SCRIPTS, *TEMPLATES]]
    quoted = {name for text in texts for name in re.findall(r"[\"'`]([\w.:-]+)[\"'`]", text)}
    return quoted | {
        how for words in catalogue().values() for said in words.values() for how in re.findall(r"\{\w+:(\w+)\}", said)
    }


def test_every_word_that_is_called_for_exists() -> None:
    assert len(_calls()) > 200
    # `{}` alone is a name that comes from somewhere else as a whole.
    assert [(path.name, name) for path, name, keys in _calls() if not keys and name != "{}"] == []


def test_every_word_of_the_catalogue_is_called_for() -> None:
    called = {key for _, _, keys in _calls() for key in keys}
    bare = {key: [key.removeprefix(f"{subject}.") for subject in BARE] for key in KEYS}
    by_variable = {key for key, names in bare.items() if any(name != key and name in _literals() for name in names)}
    assert sorted(KEYS - called - by_variable) == []


def test_scripts_get_all_subjects_that_they_call_and_bare_names_are_unique() -> None:
    for path, _, keys in _calls():
        if path.suffix == ".js":
            assert any(key.partition(".")[0] in SUBJECTS for key in keys) or not keys, path.name
    for page in PAGES:
        bare = [key.partition(".")[2] for key in KEYS if key.partition(".")[0] in {*SHARED, page}]
        assert sorted({name for name in bare if bare.count(name) > 1 or name in KEYS}) == []
    shared = re.search(r"const SHARED = \[(.+)\];", (WEB / "static/words.js").read_text("utf-8"))
    assert shared is not None
    assert set(re.findall(r'"(\w+)"', shared[1])) == SHARED


# Nowhere else.


def _strings_of(path: pathlib.Path) -> Iterator[tuple[int, str]]:
    """The string literals of a module as they are written, without its docstrings; an escape is not a letter."""
    text = path.read_text("utf-8")
    bodies = (getattr(node, "body", None) for node in ast.walk(ast.parse(text)))
    docstrings = {
        line
        for body in bodies
        for statement in (body if isinstance(body, list) else [])
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT and token.start[0] not in docstrings:
            yield token.start[0], token.string


def _with_letters(path: pathlib.Path) -> list[str]:
    return [f"{path.relative_to(ROOT)}:{line} {text}" for line, text in _strings_of(path) if LETTERS.search(text)]


def test_no_string_in_python_has_letters_of_a_language_of_the_market() -> None:
    assert [found for path in PYTHON for found in _with_letters(path)] == []


def test_no_script_template_or_style_has_letters_of_a_language_of_the_market() -> None:
    comments = re.compile(r"/\*.*?\*/|^\s*//.*?$|\{#.*?#\}", re.DOTALL | re.MULTILINE)
    files = [*SCRIPTS, *TEMPLATES, *(WEB / "static").glob("*.css")]
    without = {path.name: comments.sub("", path.read_text("utf-8")) for path in files}
    assert [name for name, text in without.items() if LETTERS.search(text)] == []


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('WORD = "交易额"\n', [1]),
        ('"""A docstring: 交易额."""\n\nWORD = f"{1}өдөр"\n', [3]),
        ('X = 1\n"""What X is: 一."""\n# 交易额\nWORD = "\\u4ea4"\n', []),
    ],
)
def test_a_letter_in_a_string_is_found_and_none_in_a_docstring(
    code: str, lines: list[int], tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "module.py"
    path.write_text(code, "utf-8")
    assert [line for line, text in _strings_of(path) if LETTERS.search(text)] == lines
