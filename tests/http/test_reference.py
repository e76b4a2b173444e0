"""The reference: the OpenAPI document, its snapshot, and the page that shows it."""

import json
import pathlib
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from schemas.reports import LISTS
from service.app import FAMILIES
from service.http.openapi import build_document, reference_routes
from tests.conftest import Caller

SNAPSHOT = pathlib.Path(__file__).parents[1] / "openapi.json"


@pytest.fixture
def engine_name() -> str:
    """The reference does not depend on the engine; one is enough."""
    return "sqlite"


def test_the_reference_changes_only_on_purpose(admin: Caller) -> None:
    """After an intended change, `python -m tests.http.test_reference` writes the snapshot again."""
    assert admin.get("/openapi.json").get_json() == json.loads(SNAPSHOT.read_text("utf-8"))


def test_the_title_names_a_package_that_can_be_installed() -> None:
    """Generators of clients name their package after it: "Hushi 互市" made one that pip refuses."""
    assert re.fullmatch("[A-Za-z][A-Za-z0-9 ]*", build_document(FAMILIES)["info"]["title"], re.ASCII)


def test_the_page_shows_every_route_and_problem_and_loads_nothing(admin: Caller) -> None:
    page = admin.get("/docs").text
    for path in admin.get("/openapi.json").get_json()["paths"]:
        assert f"<code>{path}</code>" in page
    for code in ("validation-failed", "allowance-exceeded", "idempotency-key-reused", "unavailable"):
        assert f'id="{code}"' in page
    assert re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page) == []
    assert "<script" not in page


def test_every_operation_states_its_scope_and_its_refusals() -> None:
    for path, operations in build_document(FAMILIES)["paths"].items():
        for operation in operations.values():
            scoped = operation["security"] != []
            assert scoped == ("x-scope" in operation), path
            assert {"401", "403"} <= set(operation["responses"]) or not scoped, path


def test_several_values_are_described_as_lists_and_nothing_has_a_default_that_can_not_be_sent() -> None:
    paths = build_document(FAMILIES)["paths"]
    for name in ("trade", "residents", "series", "brief", "warnings"):
        parameters = {each["name"]: each for each in paths[f"/v1/reports/{name}"]["get"]["parameters"]}
        lists = {key: each for key, each in parameters.items() if each["schema"]["type"] == "array"}
        assert set(lists) == set(LISTS) & set(parameters), name
        for each in lists.values():
            assert (each["style"], each["explode"]) == ("form", True)
            assert "default" not in each["schema"]
        assert lists["direction"]["schema"]["items"]["enum"] == ["import", "export"]


# A citizen number, a country or a category that fits its pattern may still not exist: 422 is right for those.
_NOT_CHECKED: list[Any] = [positive_data_acceptance]
_REFERENCE = build_document([*FAMILIES, reference_routes(FAMILIES)])
_LABELS = [f"{method.upper()} {path}" for path, operations in _REFERENCE["paths"].items() for method in operations]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: str(mode.value))
@pytest.mark.parametrize("label", _LABELS)
def test_schemathesis_finds_nothing(admin: Caller, label: str, mode: GenerationMode) -> None:
    """Generated requests, good and bad: documented answers only, and never a 5xx."""
    admin.register(2)
    schema: Any = schemathesis.openapi.from_dict(_REFERENCE)  # Not from the application: each would make its own.
    schema.app = admin.client.application
    operation = schema.find_operation_by_label(label)
    assert operation is not None

    @given(case=operation.as_strategy(mode))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def ask(case: schemathesis.Case[Any]) -> None:
        if case.headers:
            case.headers.pop("Hushi-Min-Position", None)  # A position of the future is 503: tests/reading.
        case.call_and_validate(headers=admin.headers, excluded_checks=_NOT_CHECKED)

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # A request without any parameter can't be made wrong.


def main() -> None:
    """Writes the snapshot again."""
    families = [*FAMILIES, reference_routes(FAMILIES)]
    SNAPSHOT.write_text(json.dumps(build_document(families), indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
