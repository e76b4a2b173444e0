"""The rules that are in force on a business day. Rules are added on the command line only."""

from typing import Any

from schemas.rules import RulesQuerySchema, RulesSchema, rules_document
from service.http.context import app_context
from service.http.routes import Answer, Routes
from service.queries.rules import rules_in_force

routes = Routes("Rules")


@routes.get("/v1/rules", scope="transactions:read", query=RulesQuerySchema, answer=RulesSchema)
def get_rules(query: dict[str, Any]) -> Answer:
    """The rules of a business day, with their legal basis, whether that is confirmed, and who has added them."""
    return Answer(rules_document(rules_in_force(app_context().ledger, query.get("day"))))
