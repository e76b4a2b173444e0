"""deploy/observability: what dashboard and alerts name is on /metrics, and promtool and docs/OPERATIONS.md agree."""

import json
import pathlib
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.servers import environment_of_new_ledger, serving

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "deploy/observability"
PAGE = (ROOT / "docs/OPERATIONS.md").read_text("utf-8")
SECTION = PAGE.partition("## Metrics, alerts and logs\n")[2].partition("\n## ")[0]
NAME = re.compile(r"\bhushi_[a-z0-9_]+")
NOT_EVERYWHERE = {
    "hushi_backup_age_seconds", "hushi_integrity_checks_total", "hushi_integrity_mismatches_total",
    "hushi_integrity_ok", "hushi_newest_backup_time_seconds", "hushi_reports_from_total",
    "hushi_self_check_duration_seconds", "hushi_standby_lag_entries", "hushi_standby_lag_seconds", "hushi_standby_up",
}  # fmt: skip
"""What a ledger has only with a self-check, a backup or a standby."""

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on this machine")


def _rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = yaml.safe_load((FOLDER / "hushi.rules.yml").read_text("utf-8"))["groups"][0]["rules"]
    return rules


def _dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "grafana/dashboards/hushi.json").read_text("utf-8"))
    return found


def _questions() -> list[str]:
    panels = [target["expr"] for panel in _dashboard()["panels"] for target in panel.get("targets", ())]
    return panels + [rule["expr"] for rule in _rules()]


def _families(names: set[str]) -> set[str]:
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all families that a server tells of."""
    folder = tmp_path_factory.mktemp("observed")
    with serving(environment_of_new_ledger(folder), folder / "log", "--workers", "1") as server:
        text = server.ask("GET", "/metrics")[1].decode()
    return set(re.findall(r"^# HELP (\S+)", text, re.MULTILINE))


def test_each_metric_of_dashboard_and_alerts_exists(shown: set[str]) -> None:
    asked = _families({name for question in _questions() for name in NAME.findall(question)})
    assert len(asked) > 30
    assert asked - shown <= NOT_EVERYWHERE


def test_a_metric_that_does_not_exist_is_found(shown: set[str]) -> None:
    assert _families({"hushi_requests_total", "hushi_fold_duration_seconds_bucket"}) <= shown
    assert not _families({"hushi_requests_count_total"}) <= shown


def test_the_table_of_the_page_has_each_metric(shown: set[str]) -> None:
    rows = set(re.findall(r"^\| `(hushi_[a-z0-9_]+)` \|", SECTION, re.MULTILINE))
    assert shown - rows == set(), "write a row for each in docs/OPERATIONS.md"
    assert rows - shown <= NOT_EVERYWHERE | _named_as_rare(rows)


def _named_as_rare(rows: set[str]) -> set[str]:
    """Metrics whose rows say when they are there: "not on …", "not there …", "only with …"."""
    when = r"\b(not on|not there|only with)\b"
    return {name for name in rows if re.search(rf"^\| `{name}` .*{when}", SECTION, re.MULTILINE)}


def test_the_dashboard_shows_each_metric_of_the_page() -> None:
    """What the page explains, somebody can see. Helpers' own figures may have a place elsewhere."""
    asked = _families({name for question in _questions() for name in NAME.findall(question)})
    rows = set(re.findall(r"^\| `(hushi_[a-z0-9_]+)` \|", SECTION, re.MULTILINE))
    assert rows - asked <= {"hushi_database_up"} | _named_as_rare(rows)


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_each_alert_leads_to_the_paragraph_that_helps(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert page == "docs/OPERATIONS.md"
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-"): heading
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    assert anchor in headings
    paragraph = PAGE.partition(headings[anchor] + "\n")[2].partition("\n#")[0]
    assert rule["alert"] in paragraph


@needs_promtool
@pytest.mark.parametrize(
    "command", ["check rules hushi.rules.yml", "check config prometheus.yml", "test rules hushi.rules.test.yml"]
)
def test_promtool_agrees(command: str) -> None:
    told = subprocess.run(["promtool", *command.split()], cwd=FOLDER, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases = yaml.safe_load((FOLDER / "hushi.rules.test.yml").read_text("utf-8"))["tests"]
    told = [test for case in cases for test in case["alert_rule_test"]]
    for rule in _rules():
        outcomes = {bool(test["exp_alerts"]) for test in told if test["alertname"] == rule["alert"]}
        assert outcomes == {True, False}, rule["alert"]


@needs_promtool
def test_a_rule_that_never_fires_is_found(tmp_path: pathlib.Path) -> None:
    """The control of the cases: an alert whose limit is out of reach fails them."""
    shutil.copytree(FOLDER, tmp_path / "copy")
    rules = tmp_path / "copy/hushi.rules.yml"
    rules.write_text(rules.read_text("utf-8").replace("hushi_fold_lag_seconds > 120", "hushi_fold_lag_seconds > 1e9"))
    command = ["promtool", "test", "rules", "hushi.rules.test.yml"]
    told = subprocess.run(command, cwd=rules.parent, capture_output=True, text=True)
    assert told.returncode != 0
    assert "HushiFoldLag fires" in told.stdout + told.stderr


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    panels = _dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    for path in (FOLDER / "grafana/provisioning").rglob("*.yml"):
        assert yaml.safe_load(path.read_text("utf-8"))["apiVersion"] == 1
