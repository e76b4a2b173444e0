"""The floor of what tests cover: lines and branches each have one, and to fall under either is told."""

import pytest

from tests.coverage_floor import BRANCHES_PCT_MIN, LINES_PCT_MIN, under_the_floor


def _totals(lines_pct: float, branches_pct: float) -> dict[str, float]:
    return {
        "num_statements": 10_000, "covered_lines": round(lines_pct * 100),
        "num_branches": 10_000, "covered_branches": round(branches_pct * 100),
    }  # fmt: skip


def test_what_reaches_the_floor_is_enough() -> None:
    assert under_the_floor(_totals(LINES_PCT_MIN, BRANCHES_PCT_MIN)) == []


@pytest.mark.parametrize(
    ("lines_pct", "branches_pct", "told"),
    [
        (LINES_PCT_MIN - 0.01, 100, ["lines"]),
        (100, BRANCHES_PCT_MIN - 0.01, ["branches"]),
        (0, 0, ["lines", "branches"]),
    ],
)
def test_what_is_under_either_floor_is_told(lines_pct: float, branches_pct: float, told: list[str]) -> None:
    sentences = under_the_floor(_totals(lines_pct, branches_pct))
    assert len(sentences) == len(told)
    assert all(f"of the {what} are covered" in sentence for what, sentence in zip(told, sentences, strict=True))
