"""One vocabulary: a public type name means one thing, private metaphors stay away, and to seal is to close a block.

docs/ARCHITECTURE.md begins with the list of words.
"""

import ast
import collections
import io
import pathlib
import re
import tokenize
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[1]
CODE = [
    path
    for folder in ("service", "schemas", "loadtests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "peers" not in path.parts
]
RETIRED = {
    "desk": "judge, judging",
    "gate": "admission",
    "gather": "roll up (days), take together (requests)",
    "gathered": "rolled up",
    "gathering": "rollup",
    "pulse": "ledger state",
    "purse": "available allowance",
    "roster": "resident cache",
    "signet": "MAC key",
    "signets": "MAC keys",
    "standing": "ledger state, or eligibility of a resident",
    "standings": "eligibilities",
}
"""Words that only we knew, and the words of the field that stand for them."""
NOT_THOSE = {"STANDING_STILL"}
SEALERS = (
    "service/commands/repairing.py", "service/storage/sealed_rows.py",
    "service/commands/folding.py", "service/domain/chain.py", "service/domain/fields.py", "service/domain/proofs.py",
    "service/http/api/ledger.py", "service/storage/entry_rows.py", "service/storage/tail.py",
    "service/migrations/", "service/queries/ledger.py", "service/queries/transactions.py", "service/queries/verifying/",
    "service/storage/blocks.py", "service/storage/tables.py", "schemas/ledger.py", "loadtests/hundred_million.py",
)  # fmt: skip
"""What closes blocks, and what reads or shows closed ones."""
HARD_WORDS = re.compile(r"\b(?:whoever|nobody's|of\s+which|anew|whence|thereby)\b", re.IGNORECASE)
"""Words that begin a riddle; say who does what instead."""
REVERSAL_WORDS = re.compile(r"take_back|taken_back|undo|cancel_trade|revert|rollback_trade")


def _name(path: pathlib.Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _public_types(path: pathlib.Path) -> Iterator[str]:
    """Classes and type aliases at the top of a module."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            names = [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []
        yield from (name for name in names if re.fullmatch(r"[A-Z]+[a-z]\w*", name))


def _identifiers(path: pathlib.Path) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.NAME:
            yield token.string


def _texts(path: pathlib.Path) -> Iterator[str]:
    """Docstrings, strings that describe a constant, and comments."""
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def _words(identifier: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)]


def test_a_public_type_name_means_one_thing() -> None:
    places = collections.defaultdict(list)
    for path in CODE:
        for name in _public_types(path):
            places[name].append(_name(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_private_metaphors_are_no_names() -> None:
    found = {
        f"{_name(path)}: {identifier} ({RETIRED[word]})"
        for path in CODE
        for identifier in _identifiers(path)
        for word in _words(identifier)
        if word in RETIRED and identifier not in NOT_THOSE
    }
    assert found == set()


def test_to_seal_is_to_close_a_block() -> None:
    found = [
        f"{_name(path)}:{number}"
        for path in CODE
        if not _name(path).startswith(SEALERS)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if re.search(r"(?<![a-z])(un)?seal(s|ed|ing)?(?![a-z])", line, re.IGNORECASE) and "block" not in line.lower()
    ]
    assert found == []


def test_a_reversal_has_one_word() -> None:
    found = [
        f"{_name(path)}: {name}" for path in CODE for name in _identifiers(path) if REVERSAL_WORDS.search(name.lower())
    ]
    assert found == []


def test_docstrings_and_comments_are_in_plain_words() -> None:
    found = [
        f"{_name(path)}: {hard[0]!r}" for path in CODE for text in _texts(path) for hard in HARD_WORDS.finditer(text)
    ]
    assert found == []
