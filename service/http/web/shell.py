"""The shell of the pages that scripts fill: templates/shell.html, and what the server tells their scripts."""

import functools
import importlib.resources
import re

from flask import render_template

from service.http.web.catalogue import MODULE
from service.http.web.limits import page_limits, text_lengths_max
from service.http.web.page_links import PAGES
from service.http.web.refusal_pages import TAGS

STATIC = importlib.resources.files("service.http.web") / "static"
"""The files that pages load. They are served as they are: nothing builds them."""

_IMPORT = re.compile(r'^(?:import|\} from|export)\b[^"]*"\./([\w/]+)\.js";$', re.MULTILINE)


def shell_page(name: str, **told: object) -> str:
    """A page in its shell. Its own template and script bear its name; `told` is what only this page is told."""
    return render_template(
        f"{name}.html",
        page=name,
        pages=PAGES,
        tags=TAGS,
        modules=modules_of(name),
        limits=page_limits(),
        texts=text_lengths_max(),
        **told,
    )


@functools.cache
def modules_of(name: str) -> list[str]:
    """The modules that a script imports, and theirs: a browser is told all of them at once, so that it asks at once."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        text = (STATIC / f"{waiting.pop()}.js").read_text("utf-8")
        new = [each for each in _IMPORT.findall(text) if each not in found and each != name]
        found |= dict.fromkeys(new)
        waiting += [each for each in new if each != MODULE]
    return sorted(found)
