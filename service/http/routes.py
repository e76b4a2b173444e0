"""Routes: a route is a plain function with a declaration of all that the reference must say of it.

The declaration names the scope, the schemas and the refusals that the route may answer with. The same declaration
registers the route with Flask, checks each request, and gives its part of the OpenAPI document. (Why not flask-smorest:
docs/decisions/0003.)
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
from service.domain.idempotency import check_sent_key
from service.http.auth import authenticate, confirm_key, is_loopback
from service.http.bodies import JSON_BYTES_MAX, read_json, read_query
from service.http.request_context import request_context
from service.http.trade_points import (
    at_own_point,
    filtered_by_own_point,
    is_about_a_point,
    own_trade_point,
    refuse_body_of_other_point,
)

JSON_MEDIA_TYPE = "application/json"
QUERIES_KNOWN_MAX = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """A document to answer with; `headers` are added to the usual ones."""

    document: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_MEDIA_TYPE


View = Callable[..., Answer | Response]
"""A view gets the values of the path, and `query` and `body` as the domain's values, each by its name."""
V = TypeVar("V", bound=View)


class Terms(TypedDict, total=False):
    """What the declaration of a route may say; for what it leaves out, the defaults of `Route` apply."""

    scope: Required[str | None]
    status: int
    answer: type[StrictSchema]
    body: type[StrictSchema]
    body_bytes_max: int
    query: type[StrictSchema]
    refuses: Sequence[type[Refusal]]
    keyed: bool
    may_be_keyed: bool
    bodies: tuple[str, ...]
    answers: tuple[str, ...]
    lists: Sequence[str]
    loopback_open: bool
    commits: bool
    positioned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address and method, and everything that callers may know of it."""

    method: str
    path: str
    view: View
    tag: str
    scope: str | None
    """The scope that the caller's key must have; None means that the route is open to everybody."""
    status: int = 200
    """The HTTP status of an answer that is no refusal."""
    answer: type[StrictSchema] | None = None
    body: type[StrictSchema] | None = None
    body_bytes_max: int = JSON_BYTES_MAX
    query: type[StrictSchema] | None = None
    refuses: Sequence[type[Refusal]] = ()
    keyed: bool = False
    """Whether a request needs an Idempotency-Key."""
    may_be_keyed: bool = False
    """Whether a request may have an Idempotency-Key."""
    bodies: tuple[str, ...] = (JSON_MEDIA_TYPE,)
    """The media types of the body."""
    answers: tuple[str, ...] = (JSON_MEDIA_TYPE,)
    """The media types of the answer."""
    lists: Sequence[str] = ()
    """The query parameters that may be repeated."""
    loopback_open: bool = False
    """Whether callers on the machine itself need no key."""
    commits: bool = False
    """Whether the view hands its key to the committer, which refuses a key that was revoked in the meantime."""

    positioned: bool = False
    """Whether the answer names a position, and the caller may ask for one that it must have reached."""

    @property
    def name(self) -> str:
        """The name of the view, which is the operation's id."""
        return self.view.__name__

    @property
    def takes_json(self) -> bool:
        """Whether the schema reads the body here, as JSON. The view itself reads bodies of other kinds."""
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
    # An address with two slashes is another address, and it has no route. Werkzeug would redirect from it in HTML.
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
    """The converter that accepts any part of an address as an id, except the words that other routes have there.

    Otherwise GET /v1/transactions/quote would ask for a transaction with the id "quote", and the caller would not be
    told that the address takes POST only.
    """
    paths = [route.path for family in families for route in family.all]
    parents = {path.rpartition("/<")[0] for path in paths}
    words = {word for parent, _, word in (path.rpartition("/") for path in paths) if parent in parents}
    named = "|".join(sorted(word for word in words if not word.startswith("<")))
    return type("IdConverter", (BaseConverter,), {"regex": rf"(?!(?:{named})$)[^/]+"})


class CheckedView:
    """Checks a request before the view of its route: key, scope, query, idempotency key, body; the cheapest first."""

    def __init__(self, route: Route) -> None:
        """Makes the schemas of the route once, and not for each request."""
        self._route = route
        self._body = route.body() if route.body is not None and route.takes_json else None
        self._query = route.query() if route.query is not None else None
        self._body_has_point = is_about_a_point(route.body)
        self._query_has_point = is_about_a_point(route.query)
        self._query_of = functools.lru_cache(maxsize=QUERIES_KNOWN_MAX)(self._read_query)

    def answer(self, **values: object) -> Response:
        """The response to the current request; `values` are those of the path. Raises Refusal."""
        route, context = self._route, request_context()
        if route.scope is not None and not (route.loopback_open and is_loopback()):
            context.api_key = authenticate(route.scope, may_be_revoked=route.commits)
        try:
            # A key of another trade point gets another answer to the same query.
            query = self._query_of(request.query_string, own_trade_point())
            if query is not None:
                values["query"] = dict(query)
            sent = request.headers.get("Idempotency-Key")
            if route.keyed or (route.may_be_keyed and sent is not None):
                # The idempotency key is checked before the body is read. Without it the caller could not rely on
                # what an answer says of the body.
                context.idempotency_key = check_sent_key(sent)
            if self._body is not None:
                own_point = own_trade_point() if self._body_has_point else None
                values["body"] = self._body.read(at_own_point(read_json(route.body_bytes_max), own_point))
                refuse_body_of_other_point(values["body"], own_point)
            return respond(route.view(**values))
        except Refusal:
            if route.commits:
                # The caller with a revoked key must not even learn what is wrong with the request.
                confirm_key()
            raise

    def _read_query(self, _query_string: bytes, own_point: str | None) -> dict[str, object] | None:
        """Reads the current request's query. Equal texts are read once, because dashboards ask the same all day."""
        parameters = read_query(self._route.lists)
        if self._query is not None:
            filtered = filtered_by_own_point(parameters, own_point) if self._query_has_point else parameters
            asked: dict[str, object] = self._query.read(filtered)
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
