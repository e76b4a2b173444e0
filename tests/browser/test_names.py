"""Names from the rules, everywhere: Poland, and a category that an operator has added to the rules of a deployment.

The service runs from a copy of the code whose rules have one row more, in processes of its own.
"""

import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest

from service.rendering.words.terms import measure_heading, measure_name
from tests.builders import a_registration, a_trade
from tests.servers import Server, environment_of_new_ledger, serving

ROOT = pathlib.Path(__file__).parents[2]
FISH = {"name": "fish_fresh", "zh": "鲜鱼", "en": "Fresh fish", "mn": "Шинэ загас"}
POLAND = {"zh": "波兰", "en": "Poland", "mn": "Польш"}
WHEAT = {"zh": "小麦", "en": "Wheat", "mn": "Улаан буудай"}
LANGUAGES = tuple(POLAND)
QUESTION = "period=2024-04&by=category,origin"


@dataclass
class Deployment:
    """A served ledger of the copy, its command, and a key that may do everything."""

    server: Server
    environment: dict[str, str]
    key: str

    def get(self, path: str) -> Any:
        status, answer, _ = self.server.ask("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        assert status == 200, answer
        return answer

    def post(self, path: str, body: Any, key: str) -> None:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key}
        assert self.server.ask("POST", path, body, headers)[0] == 201

    def run(self, *arguments: str) -> bytes:
        return _run(self.environment, *arguments)


COMMAND = (sys.executable, "-c", "from service.cli.main import main; main()")


def _run(environment: dict[str, str], *arguments: str) -> bytes:
    done = subprocess.run([*COMMAND, *arguments], env={**os.environ, **environment}, capture_output=True, check=True)
    return done.stdout


def _copy_with_another_category(folder: pathlib.Path) -> None:
    for package in ("service", "schemas"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / "service/rules/categories.json"
    document = json.loads(file.read_text("utf-8"))
    document["rows"].append({**document["rows"][0], **FISH, "hs_prefixes": ["03"]})
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A trade in fish from Poland in April 2024, and one in meat from Mongolia a year earlier."""
    folder = tmp_path_factory.mktemp("deployment")
    _copy_with_another_category(folder / "code")
    environment = {
        **environment_of_new_ledger(folder),
        # The copy comes before the installed code, and the working directory does not come at all.
        "PYTHONPATH": str(folder / "code"), "PYTHONSAFEPATH": "1",
    }  # fmt: skip
    with serving(environment, folder / "log", program=COMMAND) as server:
        key = _run(environment, "keys", "create", "--name", "test", "--scope", "admin").decode().strip()
        found = Deployment(server, environment, key)
        found.post("/v1/residents", a_registration(0), "resident")
        for year, category, origin in (("2023", "meat", "MN"), ("2024", FISH["name"], "PL")):
            day = f"{year}-04-03T10:00:00+08:00"
            found.post("/v1/transactions", a_trade(category=category, origin=origin, traded_at=day), f"trade-{year}")
        yield found


def _cells(workbook: bytes) -> set[str]:
    sheets = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets
    return {
        cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)
    }


def _assert_named(text: str, lang: str) -> None:
    """The names stand there, and neither the category's code nor its names in other languages."""
    assert FISH[lang] in text
    assert POLAND[lang] in text
    assert "fish_fresh" not in text
    assert [FISH[other] for other in LANGUAGES if other != lang and FISH[other] in text] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_bulletin_calls_them_by_their_names(deployment: Deployment, lang: str) -> None:
    path = f"/v1/reports/bulletin?month=2024-04&lang={lang}&format="
    _assert_named(deployment.get(path + "html").decode(), lang)
    cells = _cells(deployment.get(path + "xlsx"))
    _assert_named("\n".join(cells), lang)
    assert "PL" not in cells


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_terminal_and_workbooks_of_the_command_line_call_them_by_their_names(
    deployment: Deployment, lang: str
) -> None:
    asked = ("report", "trade", "--period", "2024-04", "--by", "category,origin", "--lang", lang)
    printed = deployment.run(*asked).decode()
    _assert_named(printed, lang)
    assert " PL " not in printed
    cells = _cells(deployment.run(*asked, "--format", "xlsx"))
    _assert_named("\n".join(cells), lang)
    assert "PL" not in cells


def test_a_workbook_over_http_is_in_chinese(deployment: Deployment) -> None:
    _assert_named("\n".join(_cells(deployment.get(f"/v1/reports/trade?{QUESTION}&format=xlsx"))), "zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_calls_them_by_their_names(deployment: Deployment, lang: str) -> None:
    path = f"/v1/reports/brief?period=2024-04&lang={lang}"
    said = deployment.get(path)["text"]
    assert FISH[lang].lower() in said.lower()
    narrowed = deployment.get(f"{path}&origin=PL")["text"]
    assert POLAND[lang] in narrowed
    claims = _cells(deployment.get(f"{path}&format=xlsx"))
    assert [cell for cell in claims if "fish_fresh" in cell] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_dashboard_calls_them_by_their_names(deployment: Deployment, chromium: Any, lang: str) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    address = f"http://127.0.0.1:{deployment.server.port}"
    page.goto(f"{address}/signin?next=%2F%3Fperiod%3D2024-04%26lang%3D{lang}#key={deployment.key}")
    page.wait_for_selector("#content[aria-busy=false]:not([hidden])")
    page.wait_for_selector("#filters #origin-PL", state="attached")
    for section, names in (("category", FISH), ("origin", POLAND)):
        page.click(f"#{section} summary")
        shown = page.text_content(f"#{section} table")
        assert names[lang] in shown
        assert names[lang] in page.text_content(f"#filters fieldset:has([name={section}])")
        assert "fish_fresh" not in shown
    page.context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_clerks_page_calls_them_by_their_names(deployment: Deployment, chromium: Any, lang: str) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    address = f"http://127.0.0.1:{deployment.server.port}"
    page.goto(f"{address}/signin?next=%2Frecord%3Flang%3D{lang}#key={deployment.key}")
    page.wait_for_selector("html[data-ready=true]")
    assert page.text_content(f"#category option[value={FISH['name']}]") == FISH[lang]
    assert page.text_content("#origin option[value=PL]") == POLAND[lang]
    page.fill("#who-is", "R00000001")
    page.press("#who-is", "Enter")
    page.wait_for_selector("#resident .weights", state="attached")
    assert WHEAT[lang] in page.text_content("#resident .weights")
    page.context.close()


def test_machines_get_the_codes(deployment: Deployment) -> None:
    keys = [row["key"] for row in deployment.get(f"/v1/reports/trade?{QUESTION}")["rows"]]
    assert {"category": FISH["name"], "origin": "PL"} in keys
    lines = deployment.get(f"/v1/reports/trade?{QUESTION}&format=csv").decode("utf-8-sig").splitlines()
    assert lines[1].startswith(f"{FISH['name']},PL,")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_measure_has_one_name_in_every_document_and_page(deployment: Deployment, chromium: Any, lang: str) -> None:
    asked = ("report", "trade", "--period", "2024-04", "--by", "category", "--lang", lang)
    printed = deployment.run(*asked, "--all").decode()
    workbook = _cells(deployment.run(*asked, "--format", "xlsx"))
    bulletin = deployment.get(f"/v1/reports/bulletin?month=2024-04&lang={lang}&format=html").decode()
    page = chromium.new_context(viewport={"width": 1280, "height": 900}).new_page()
    address = f"http://127.0.0.1:{deployment.server.port}"
    page.goto(f"{address}/signin?next=%2F%3Fperiod%3D2024-04%26lang%3D{lang}#key={deployment.key}")
    page.wait_for_selector("#content[aria-busy=false]:not([hidden])")
    for measure in ("amount_cny", "quantity_kg", "transactions", "participations", "residents"):
        heading = measure_heading(measure, lang)
        assert heading in printed
        assert heading in workbook
        assert f'<th scope="col">{heading}</th>' in bulletin
        assert page.text_content(f"#measure option[value={measure}]") == measure_name(measure, lang)
        page.select_option("#measure", measure)
        assert page.text_content("#months .about span") == heading
    for figure in ("participations", "residents", "registered_at_end"):
        assert page.text_content(f"#figure-{figure} dt") == measure_name(figure, lang)
    page.context.close()
