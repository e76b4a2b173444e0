"""The words of the pages as the module that their scripts load: made of the catalogue and of the names in the rules.

It is served as every other file of the pages, with a tag of its content: a browser asks for it again, and gets it only
when a word has changed.
"""

import functools
import json

from service.http.web.page_links import PAGES
from service.rendering.words import LANGUAGES, catalogue
from service.rules.names import names

MODULE = "catalogue"
"""The name under which scripts import it."""

SUBJECTS = (
    "product", "shell", "page", *PAGES, "measure", "unit", "part", "reason", "dimension", "field",
    "direction", "trade_point", "report", "phrase", "warning",
)  # fmt: skip
"""The subjects of the catalogue that the scripts of a page may name."""


@functools.cache
def catalogue_module() -> bytes:
    """The module: all words by language and key, and the names of the rules by dimension, code and language."""
    words = {
        lang: {key: said for key, said in catalogue()[lang].items() if key.partition(".")[0] in SUBJECTS}
        for lang in LANGUAGES
    }
    document = json.dumps({"words": words, "names": names()}, ensure_ascii=False, separators=(",", ":"))
    return f"export default {document};\n".encode()
