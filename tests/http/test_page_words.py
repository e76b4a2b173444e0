"""The words that the pages' scripts load: one module, tagged, of the catalogue and of the names in the rules."""

import json
from collections.abc import Callable

import pytest

from service.http.web.page_links import PAGES
from service.rendering.words import catalogue
from service.rules.names import names
from tests.conftest import Caller

PATH = "/static/catalogue.js"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_scripts_get_the_words_of_the_catalogue_and_the_names_of_the_rules(call: Callable[..., Caller]) -> None:
    answer = call(None).get(PATH)
    assert (answer.status_code, answer.content_type) == (200, "text/javascript; charset=utf-8")
    assert answer.text.startswith("export default ")
    told = json.loads(answer.text.removeprefix("export default ").rstrip(";\n"))
    assert told["names"] == names()
    for lang, words in told["words"].items():
        assert words.items() <= catalogue()[lang].items()
        assert {"measure.amount_cny", "dashboard.title", "record.title", "shell.signout"} <= set(words)
        assert [key for key in words if key.startswith(("bulletin.", "refusal."))] == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_words_are_kept_by_a_browser_until_one_of_them_changes(call: Callable[..., Caller]) -> None:
    stranger = call(None)
    first = stranger.get(PATH)
    assert first.headers["Cache-Control"] == "no-cache"
    again = stranger.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert stranger.get(PATH, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("path", [page.address for page in PAGES.values()])
def test_a_page_loads_its_words_from_this_service_alone(call: Callable[..., Caller], path: str) -> None:
    page = call(None).get(path)
    assert f'<link rel="modulepreload" href="{PATH}">' in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
