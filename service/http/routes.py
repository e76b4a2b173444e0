"""Routes: a plain function, and beside it all that the reference must say of it.

A route states its scope, its schemas and the refusals it may answer with; the same statement registers it with Flask,
checks each request, and writes its part of the OpenAPI document. (Why not flask-smorest: docs/decisions/0003.)
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Required, TypedDict, TypeVar, Unpack

import orjson
from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from schemas.strict import StrictSchema
from service.domain.errors import Refusal, ValidationFailed
from service.domain.idempotency import check_key
from service.http.auth import authenticate, confirm_key, is_loopback
from service.http.bodies import JSON_BYTES_MAX, read_json, read_query
from service.http.request_context import request_context

JSON_MEDIA_TYPE = "application/json"
QUERIES_KNOWN_MAX = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """A document to answer with; `headers` beside the usual ones."""

    document: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_MEDIA_TYPE


View = Callable[..., Answer | Response]
"""Gets the values of the path, then `query` and `body` as the domain's values, each by its name."""
V = TypeVar("V", bound=View)


class Terms(TypedDict, total=False):
    """What the declaration of a route may say; what it leaves out is as `Route` has it."""

    scope: Required[str | None]
    status: int
    answer: type[StrictSchema]
    body: type[StrictSchema]
    query: type[StrictSchema]
    refuses: Sequence[type[Refusal]]
    keyed: bool
    may_be_keyed: bool
    bodies: tuple[str, ...]
    answers: tuple[str, ...]
    lists: Sequence[str]
    loopback_open: bool
    commits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method, and everything that callers may know of it."""

    method: str
    path: str
    view: View
    tag: str
    scope: str | None
    """What the caller's key must allow; None means that the route is open to everybody."""
    status: int = 200
    """Of an answer that refuses nothing."""
    answer: type[StrictSchema] | None = None
    body: type[StrictSchema] | None = None
    query: type[StrictSchema] | None = None
    refuses: Sequence[type[Refusal]] = ()
    keyed: bool = False
    """Needs an Idempotency-Key."""
    may_be_keyed: bool = False
    """Takes an Idempotency-Key."""
    bodies: tuple[str, ...] = (JSON_MEDIA_TYPE,)
    """The media types of the body."""
    answers: tuple[str, ...] = (JSON_MEDIA_TYPE,)
    """The media types of the answer."""
    lists: Sequence[str] = ()
    """The query parameters that may be repeated."""
    loopback_open: bool = False
    """Lets callers on the machine itself in without a key."""
    commits: bool = False
    """The view hands its key to the committer, which refuses it if it was revoked in the meantime."""

    @property
    def name(self) -> str:
        """The name of the view, which is the operation's id."""
        return self.view.__name__

    @property
    def takes_json(self) -> bool:
        """Whether the body is read here, as JSON by the schema; other kinds are read by the view."""
        return self.body is not None and self.bodies == (JSON_MEDIA_TYPE,)


class Routes:
    """The routes of one endpoint family."""

    def __init__(self, tag: str) -> None:
        """`tag` groups the family in the reference."""
        self.tag = tag
        self.all: list[Route] = []

    def get(self, path: str, **terms: Unpack[Terms]) -> Callable[[V], V]:
        """Declares the view of a GET route."""
        return self._declaring("GET", path, terms)

    def post(self, path: str, **terms: Unpack[Terms]) -> Callable[[V], V]:
        """Declares the view of a POST route."""
        return self._declaring("POST", path, terms)

    def _declaring(self, method: str, path: str, terms: Terms) -> Callable[[V], V]:
        def declare(view: V) -> V:
            self.all.append(Route(method=method, path=path, view=view, tag=self.tag, **terms))
            return view

        return declare


def register_routes(app: Flask, families: Sequence[Routes]) -> None:
    """Adds every route of the families to an application."""
    # An address with two slashes is another address, where nothing stands; werkzeug would redirect from it in HTML.
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = _id_converter(families)
    for family in families:
        for route in family.all:
            app.add_url_rule(
                route.path,
                endpoint=route.name,
                view_func=CheckedView(route).answer,
                methods=[route.method],
                provide_automatic_options=False,
            )


def _id_converter(families: Sequence[Routes]) -> type[BaseConverter]:
    """Takes any part of an address for an id, but no word that stands beside ids.

    Otherwise GET /v1/transactions/quote would ask for a transaction of that id, and not be told that the address only
    takes POST.
    """
    paths = [route.path for family in families for route in family.all]
    parents = {path.rpartition("/<")[0] for path in paths}
    words = {word for parent, _, word in (path.rpartition("/") for path in paths) if parent in parents}
    named = "|".join(sorted(word for word in words if not word.startswith("<")))
    return type("IdConverter", (BaseConverter,), {"regex": rf"(?!(?:{named})$)[^/]+"})


class CheckedView:
    """The view of a route behind its checks, the cheapest first: key, scope, query, idempotency key, body."""

    def __init__(self, route: Route) -> None:
        """Makes the schemas of the route, once."""
        self._route = route
        self._body = route.body() if route.body is not None and route.takes_json else None
        self._query = route.query() if route.query is not None else None
        self._query_of = functools.lru_cache(maxsize=QUERIES_KNOWN_MAX)(self._read_query)

    def answer(self, **values: object) -> Response:
        """The response to the current request; `values` are those of the path. Raises what is refused."""
        route, context = self._route, request_context()
        if route.scope is not None and not (route.loopback_open and is_loopback()):
            context.api_key = authenticate(route.scope, may_be_revoked=route.commits)
        try:
            query = self._query_of(request.query_string)
            if query is not None:
                values["query"] = dict(query)
            sent = request.headers.get("Idempotency-Key")
            if route.keyed or (route.may_be_keyed and sent is not None):
                # Before the body is looked at: without the key nothing that is said of the body could be relied on.
                context.idempotency_key = check_key(sent)
            if self._body is not None:
                values["body"] = self._body.read(read_json(JSON_BYTES_MAX))
            return respond(route.view(**values))
        except Refusal:
            if route.commits:
                # A key that is revoked must not even learn what is wrong with its request.
                confirm_key()
            raise

    def _read_query(self, _query_string: bytes) -> dict[str, object] | None:
        """The query of the current request, taken apart once for each text: dashboards ask the same all day."""
        parameters = read_query(self._route.lists)
        if self._query is not None:
            asked: dict[str, object] = self._query.read(parameters)
            return asked
        if parameters:
            name = next(iter(parameters))
            raise ValidationFailed.of(f"/{name}", "unknown-field", "No query parameter is known here.")
        return None


def respond(answer: Answer | Response) -> Response:
    """The HTTP response of an answer."""
    if isinstance(answer, Response):
        return answer
    response = Response(orjson.dumps(answer.document), answer.status, content_type=answer.media_type)
    response.headers.update(answer.headers)
    return response
