"""The pages: the shells that scripts fill, signing in and out, and the files that they are made of.

A page holds no figure, only the mark that a demo's figures are invented: its scripts ask the API with the browser's
session, and so see what the key's scopes allow. Everybody may load the shell, because a browser does not send a
SameSite=Strict cookie when somebody follows a link from another site. It sends the cookie with the requests of the page
that opens then.
"""

import contextlib
import datetime
import functools
import hashlib
import json
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from flask import Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from service.commands.sessions import end_session
from service.demo.mark import OPENS_WITH, is_demo
from service.domain.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from service.domain.keys import has_expired
from service.http.auth import authenticate_session
from service.http.bodies import read_form
from service.http.context import app_context
from service.http.request_context import request_context
from service.http.routes import Answer, respond
from service.http.sessions import LIFETIME, begin_session, drop_cookie
from service.http.web.catalogue import MODULE, catalogue_module
from service.http.web.page_links import PAGES
from service.http.web.refusal_pages import came_without_cookie, is_for_browser, refusal_page, sign_in_address
from service.http.web.shell import STATIC, shell_page
from service.queries.rules import follow_rulebook
from service.rendering.words import word
from service.storage.faults import DatabaseUnavailable

FORM_BYTES_MAX = 4096
NEXT_LENGTH_MAX = 2000
_OWN_PAGES = frozenset({*(page.address for page in PAGES.values()), "/v1/reports/bulletin"})

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FILE_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
"""A browser may keep a file, and asks each time whether it has changed. That costs less than names that change."""

_IMAGE_CACHE_CONTROL = "public, max-age=86400"
"""Browsers ask for the mark again whenever the address changes, which is at every click."""

_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that pages load."""

    content: bytes
    media_type: str
    etag: str


def register_pages(app: Flask) -> None:
    """Adds the pages to an application; they are no part of the API's reference."""
    files = _static_files()
    app.jinja_env.globals["word_in"] = word
    for name, page in PAGES.items():
        app.add_url_rule(
            page.address,
            f"page {name}",
            functools.partial(get_shell, name),
            methods=["GET"],
            provide_automatic_options=False,
        )
    for method, path, view in (
        ("GET", "/signin", get_sign_in),
        ("POST", "/signin", sign_in),
        ("POST", "/signout", sign_out),
        ("GET", "/session", get_session),
        ("GET", "/favicon.ico", functools.partial(_get_file, files, "mark.svg")),
        ("GET", "/static/<path:name>", functools.partial(_get_file, files)),
    ):
        endpoint = f"page {method} {path}"
        app.add_url_rule(path, endpoint, view, methods=[method], provide_automatic_options=False)
    app.after_request(_show_refusal)


def get_shell(name: str) -> Response:
    """The shell of a page by its name. Raises DatabaseUnavailable."""
    opens_with = OPENS_WITH if is_demo(app_context().ledger) else None
    return _page(shell_page(name, demo=opens_with))


def get_catalogue() -> StaticFile:
    """The words of the pages, with the names of the rules that are in the ledger now.

    Where the database can't be asked, they are the names that this process knows: a page that says so needs words.
    """
    with contextlib.suppress(DatabaseUnavailable, Unavailable):
        follow_rulebook(app_context().ledger, app_context().state_reader.now())
    return _file(catalogue_module(), _MEDIA_TYPES["js"])


def get_sign_in() -> Response:
    """The page on which a key is pasted; it needs no script for that."""
    return _sign_in_page(request.args.get("next", "/"))


def sign_in() -> AnyResponse:
    """Begins a session with the key of the form. Raises Forbidden when another site has sent the form."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("Sign in on the page of this service itself.")
    form = read_form(FORM_BYTES_MAX)
    goes_to = form.get("next", "/")
    key = form.get("key", "").strip()
    if not key:
        return _sign_in_page(goes_to, 422, "missing")
    found = app_context().keys.find_unrevoked(key, app_context().state_reader.now())
    if found is None:
        return _sign_in_page(goes_to, 401, "unknown")
    if has_expired(found.expires_at, app_context().ledger.now()):
        return _sign_in_page(goes_to, 401, "expired")
    request_context().api_key = found
    response = redirect(_local(goes_to), 303)
    begin_session(response, found)  # type: ignore[arg-type] # (redirect makes the application's own responses)
    response.headers.update(PAGE_HEADERS)
    return response


def sign_out() -> Response:
    """Ends the session for every process; without one there is nothing to end.

    Raises Forbidden without the session's token. When the ledger can't be told, the answer is 503 and the browser keeps
    its cookie: so signing out can be tried again.
    """
    with contextlib.suppress(Unauthenticated):
        session = authenticate_session()
        end_session(app_context().ledger, session.id, session.expires_at)
    response = Response(status=204)
    drop_cookie(response)
    return response


def get_session() -> Response:
    """What the pages may know of the session: the key's id, name and scopes, its end, and the token for writes."""
    session = authenticate_session()
    document = {
        "id": session.api_key.id,
        "name": session.api_key.name,
        "scopes": sorted(session.api_key.scopes),
        "trade_point": session.api_key.trade_point,
        "expires_at": session.expires_at.isoformat(),
        "csrf_token": session.token,
    }
    return respond(Answer(document, headers={"Cache-Control": "no-store"}))


def _show_refusal(response: Response) -> Response:
    """A problem as a page, where a browser waits for one; who is not signed in is led there and back."""
    if not is_for_browser(response):
        return response
    status, problem = response.status_code, json.loads(response.get_data())
    response.headers.update({**PAGE_HEADERS, "Cache-Control": "no-store"})
    response.content_type = "text/html; charset=utf-8"
    if status == 401 and came_without_cookie():
        # The page that comes now opens this address itself, and so the browser sends the cookie, if it has one.
        response.set_data(render_template("again.html", address=request.full_path))
    elif status == 401 and request.path in _OWN_PAGES:
        response.status_code = 302
        response.headers["Location"] = sign_in_address()
    else:
        response.set_data(refusal_page(status, problem))
    return response


def _sign_in_page(goes_to: str, status: int = 200, refused: str | None = None) -> Response:
    hours = LIFETIME // datetime.timedelta(hours=1)
    response = _page(render_template("signin.html", goes_to=_local(goes_to), refused=refused, hours=hours), status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hushi"'
    return response


def _page(text: str, status: int = 200) -> Response:
    response = Response(text, status, PAGE_HEADERS, content_type="text/html; charset=utf-8")
    if status == 200:
        response.add_etag()
        response.make_conditional(request)
    return response


def _local(address: str) -> str:
    """The address if it is one of our own pages, else the dashboard: a sign-in must not lead to another site."""
    is_local = address.partition("?")[0] in _OWN_PAGES
    return address if is_local and len(address) <= NEXT_LENGTH_MAX and address.isprintable() else "/"


def _get_file(files: dict[str, StaticFile], name: str) -> Response:
    file = get_catalogue() if name == f"{MODULE}.js" else files.get(name)
    if file is None:
        raise NotFound("No such file.")
    response = Response(file.content, headers=_FILE_HEADERS, content_type=file.media_type)
    if file.media_type.startswith("image/"):
        response.headers["Cache-Control"] = _IMAGE_CACHE_CONTROL
    response.set_etag(file.etag)
    response.make_conditional(request)
    return response


@functools.cache
def _static_files() -> dict[str, StaticFile]:
    return _read_files(STATIC)


def _read_files(folder: Traversable, above: str = "") -> dict[str, StaticFile]:
    """Every file of a folder by its path, read once: nothing that a request says ever becomes a path of the disk."""
    files: dict[str, StaticFile] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            files |= _read_files(entry, f"{above}{entry.name}/")
            continue
        media_type = _MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            files[above + entry.name] = _file(entry.read_bytes(), media_type)
    return files


def _file(content: bytes, media_type: str) -> StaticFile:
    return StaticFile(content, media_type, hashlib.blake2b(content, digest_size=16).hexdigest())
