"""The quick form of the model of eight writers, and its control."""

import pathlib

import pytest

from tests.torture import broken
from tests.torture.models import WRITERS
from tests.torture.registry import BY_NAME
from tests.torture.running import ENGINES, Failed, Plan

MODEL, SECONDS, SEED = BY_NAME["model"], 3, 17


@pytest.mark.parametrize("engine", ENGINES)
def test_each_report_is_the_models_between_question_and_answer(engine: str, tmp_path: pathlib.Path) -> None:
    count = MODEL.run(Plan(MODEL, engine, SECONDS, SEED, tmp_path, is_quick=True))
    assert count.findings.is_well
    assert count.findings.acknowledged > 2 * WRITERS


def test_a_report_that_is_late_is_found(tmp_path: pathlib.Path) -> None:
    broke = {broken.BREAK: "reports-late"}
    plan = Plan(MODEL, "sqlite", 2, SEED, tmp_path, hushi=broken.main, variables=broke, is_quick=True)
    with pytest.raises(Failed, match="which is none of the"):
        MODEL.run(plan)
