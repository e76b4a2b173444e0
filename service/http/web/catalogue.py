"""The words of the pages as the module that their scripts load: made of the catalogue and of the names in the rules.

It is served as every other file of the pages, with a tag of its content: a browser asks for it again, and gets it only
when a word has changed. Names change when the operator adds a rule file.
"""

import functools
import json

from service.http.web.page_links import PAGES
from service.rendering.words import LANGUAGES, catalogue
from service.rules.names import Names, names

MODULE = "catalogue"
"""The name under which scripts import it."""

SUBJECTS = (
    "product", "shell", "page", *PAGES, "measure", "unit", "part", "reason", "dimension", "field",
    "direction", "trade_point", "purpose", "report", "phrase", "warning",
)  # fmt: skip
"""The subjects of the catalogue that the scripts of a page may name."""


def catalogue_module() -> bytes:
    """The module: all words by language and key, and the names of the rules by dimension, code and language."""
    return _module_of(_Identical(names()))


class _Identical:
    """Names that are compared by identity: they are long, and are replaced as a whole."""

    def __init__(self, named: Names) -> None:
        self.named = named

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and other.named is self.named

    def __hash__(self) -> int:
        return id(self.named)


@functools.lru_cache(maxsize=1)
def _module_of(found: _Identical) -> bytes:
    document = json.dumps({"words": _words(), "names": found.named}, ensure_ascii=False, separators=(",", ":"))
    return f"export default {document};\n".encode()


@functools.cache
def _words() -> dict[str, dict[str, str]]:
    return {
        lang: {key: said for key, said in catalogue()[lang].items() if key.partition(".")[0] in SUBJECTS}
        for lang in LANGUAGES
    }
