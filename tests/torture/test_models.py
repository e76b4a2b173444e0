"""The quick form of the model of eight writers, and its control."""

import pytest

from tests.torture import broken
from tests.torture.conftest import MakePlan
from tests.torture.models import WRITERS
from tests.torture.registry import BY_NAME
from tests.torture.running import ENGINES, Failed

MODEL, SECONDS = BY_NAME["model"], 2


@pytest.mark.parametrize("engine", ENGINES)
def test_each_report_is_the_models_between_question_and_answer(engine: str, plan_of: MakePlan) -> None:
    count = MODEL.run(plan_of(MODEL, engine, SECONDS))
    assert count.findings.is_well
    assert count.findings.acknowledged > 2 * WRITERS


def test_a_report_that_is_late_is_found(plan_of: MakePlan) -> None:
    with pytest.raises(Failed, match="which is none of the"):
        MODEL.run(plan_of(MODEL, "sqlite", 2, hushi=broken.main, variables={broken.BREAK: "reports-late"}))
