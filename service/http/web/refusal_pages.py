"""Refusals as a browser shows them: a page in the reader's language, or the way to signing in. APIs get problems."""

from typing import Any
from urllib.parse import quote

from flask import Response, render_template, request

from service.http.problems import PROBLEM_MEDIA_TYPE
from service.http.sessions import COOKIE
from service.rendering.words import catalogue, word

TAGS = {"zh": "zh-CN", "en": "en", "mn": "mn"}
"""The languages of the pages, and what HTML calls them."""

_ANY_OTHER = 503
"""Its words stand for a status that has none of its own."""


def is_for_browser(response: Response) -> bool:
    """Whether somebody who looks at a browser is refused, and not a program that reads problem documents."""
    asks = request.accept_mimetypes
    wants_page = request.method == "GET" and any(kind == "text/html" for kind, quality in asks if quality > 0)
    return wants_page and response.mimetype == PROBLEM_MEDIA_TYPE


def came_without_cookie() -> bool:
    """Whether the browser may have a session that it withholds, because a link on another site led here."""
    return request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"} and COOKIE not in request.cookies


def sign_in_address() -> str:
    """Where to sign in, and to come back from."""
    return f"/signin?next={quote(request.full_path.rstrip('?'), safe='')}"


def refusal_page(status: int, problem: dict[str, Any]) -> str:
    """The page that says what is wrong. What the API says of each parameter is English, and marked so."""
    lang = language()
    titled = status if f"refusal.{status}" in catalogue()[lang] else _ANY_OTHER
    said = [f"{each['pointer'].strip('/')}: {each['detail']}" for each in problem.get("errors", ())]
    return render_template(
        "refusal.html",
        tag=TAGS[lang],
        lang=lang,
        heading=word(f"refusal.{titled}", lang),
        details=said or [problem["detail"]],
        request_id=problem["request_id"],
        sign_in=sign_in_address() if status in {401, 403} else None,
    )


def language() -> str:
    """The language that the address asks for, or else the one that the browser likes best, or else Chinese."""
    asked = request.args.get("lang")
    return asked if asked in TAGS else request.accept_languages.best_match(list(TAGS), "zh")
