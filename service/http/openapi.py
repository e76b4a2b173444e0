"""Makes the reference: an OpenAPI 3.1 document from the routes and schemas, and a page that shows it."""

import functools
import re
from collections.abc import Sequence
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response, render_template

from schemas.batches import BatchLineSchema
from schemas.problems import ProblemSchema
from service import __version__
from service.domain import errors
from service.domain.errors import Refusal
from service.domain.keys import SCOPES
from service.http.positions import MIN_POSITION, PATTERN
from service.http.problems import PROBLEM_MEDIA_TYPE
from service.http.routes import JSON_MEDIA_TYPE, Answer, Route, Routes
from service.http.trade_points import is_about_a_point
from service.rendering.words import word

TITLE = "Hushi API"
"""Code generators name their packages after the title, and a package can be installed only when its name is ASCII. The
Chinese name is in the description."""

_DESCRIPTION = (
    f"The ledger of a border market ({word('product.name', 'zh')}): residents, transactions judged against their "
    "allowance, and reports that are exact at every moment. Money is CNY as text with 2 decimals, weight is kg as text "
    "with 3 decimals, days are business days in Asia/Shanghai, instants are RFC 3339 with an offset. Unknown fields "
    "and parameters are errors. Bodies may be sent with Content-Encoding: gzip; limits count what comes out."
)


def build_document(families: Sequence[Routes]) -> dict[str, Any]:
    """Makes the OpenAPI 3.1 document of these routes."""
    spec = APISpec(
        title=TITLE,
        version=__version__,
        openapi_version="3.1.0",
        info={"description": _DESCRIPTION},
        plugins=[MarshmallowPlugin(schema_name_resolver=_component_name)],
        security=[{"apiKey": []}],
        tags=[{"name": name} for name in dict.fromkeys(family.tag for family in families)],
    )
    described = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hushi_…",
        "description": f"Scopes: {', '.join(SCOPES)}.",
    }
    spec.components.security_scheme("apiKey", described)
    spec.components.schema("BatchLine", schema=BatchLineSchema)
    for route in (route for family in families for route in family.all):
        spec.path(
            path=re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.path), operations={route.method.lower(): _operation(route)}
        )
    document: dict[str, Any] = spec.to_dict()
    _describe_lists(document)
    return document


def _describe_lists(document: dict[str, Any]) -> None:
    """Adds to each list parameter how its values are written; apispec adds that for marshmallow's own lists only."""
    operations = (operation for path in document["paths"].values() for operation in path.values())
    for parameter in (parameter for operation in operations for parameter in operation["parameters"]):
        if parameter.get("schema", {}).get("type") == "array":
            parameter.update(style="form", explode=True)


def _component_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__).removesuffix("Schema")


def _operation(route: Route) -> dict[str, Any]:
    summary, _, rest = (route.view.__doc__ or "").strip().partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if rest.strip():
        operation["description"] = " ".join(rest.split())
    if route.scope is None:
        operation["security"] = []
    else:
        # In OpenAPI an empty requirement beside another one says that the key may be left out.
        operation["security"] = [{"apiKey": [route.scope]}, *([{}] if route.loopback_open else [])]
        operation["x-scope"] = route.scope
    if route.body is not None:
        content = {kind: {"schema": _body_schema(route, kind)} for kind in route.bodies}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _body_schema(route: Route, media_type: str) -> Any:
    return route.body if media_type == JSON_MEDIA_TYPE else {"type": "string"}


def _parameters(route: Route) -> list[Any]:
    found: list[Any] = [
        {"in": "path", "name": name, "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"<(?:\w+:)?(\w+)>", route.path)
    ]
    if route.keyed or route.may_be_keyed:
        schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"}
        found.append({
            "in": "header", "name": "Idempotency-Key", "required": route.keyed, "schema": schema,
            "description": "A new one for each new attempt, the same one to retry.",
        })  # fmt: skip
    if route.positioned:
        found.append({
            "in": "header", "name": MIN_POSITION, "required": False, "schema": {"type": "string", "pattern": PATTERN},
            "description": "The Hushi-Position of an earlier answer: this answer is at least as new, or it is 503.",
        })  # fmt: skip
    if route.query is not None:
        found.append({"in": "query", "schema": route.query})
    return found


def _responses(route: Route) -> dict[str, Any]:
    answer: Any = route.answer if route.answer is not None else {}
    good: dict[str, Any] = {"description": "As asked."}
    good["content"] = {kind: {"schema": answer if kind == JSON_MEDIA_TYPE else _file(kind)} for kind in route.answers}
    by_status: dict[int, list[str]] = {}
    for kind in [*_usual_refusals(route), *route.refuses]:
        by_status.setdefault(kind.status, []).append(kind.code)
    return {
        str(route.status): good,
        **{
            str(status): {
                "description": ", ".join(dict.fromkeys(codes)),
                "content": {PROBLEM_MEDIA_TYPE: {"schema": ProblemSchema}},
            }
            for status, codes in sorted(by_status.items())
        },
    }


def _file(media_type: str) -> dict[str, str]:
    return {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}


def _usual_refusals(route: Route) -> list[type[Refusal]]:
    usual: list[type[Refusal]] = [errors.ValidationFailed]
    if route.scope is not None:
        usual += [errors.Unauthenticated, errors.Forbidden, errors.Unavailable]
    if route.body is not None:
        usual += [errors.MalformedJson, errors.TooLarge, errors.UnsupportedMediaType]
    if is_about_a_point(route.body) or is_about_a_point(route.query):
        usual.append(errors.NotFound)  # The answer to a key of another trade point.
    return usual


def reference_routes(families: Sequence[Routes]) -> Routes:
    """The routes that show the reference; it describes these families and the two routes themselves."""
    routes = Routes("Reference")
    document = functools.cache(functools.partial(build_document, [*families, routes]))

    @routes.get("/openapi.json", scope=None)
    def get_openapi() -> Answer:
        """This reference as an OpenAPI 3.1 document."""
        return Answer(document())

    @routes.get("/docs", scope=None, answers=("text/html",))
    def get_docs() -> Response:
        """This reference as a page that loads nothing from elsewhere."""
        page = render_template("docs.html", spec=document(), problems=Refusal.__subclasses__())
        return Response(page, content_type="text/html; charset=utf-8")

    return routes
