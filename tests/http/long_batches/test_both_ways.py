"""A batch by the quick way gives the same bytes as by the careful one, and leaves the same rows in all tables."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from service.commands.folding import fold_all
from service.queries.verifying import verify
from tests.builders import a_citizen_number, a_trade
from tests.http.long_batches.sides import Sides, careful_way, opened_sides
from tests.http.long_batches.stated import CSV, NDJSON, Batch, Fold, Reversal, histories, much_trade

_runs = itertools.count(1)


@pytest.fixture
def sides(environment: dict[str, str], new_database: Callable[[], str]) -> Iterator[Sides]:
    """Two equal ledgers."""
    with opened_sides(environment, new_database()) as found:
        _take(found, much_trade(), [])
        yield found


def _take(sides: Sides, step: Batch | Reversal | Fold, accepted: list[str]) -> None:
    """Does a step on both sides. Raises AssertionError when they say different things."""
    if isinstance(step, Fold):
        quick, careful = sides.both(lambda side: fold_all(side.ledger))
    elif isinstance(step, Reversal):
        if not accepted:
            return
        asked = accepted[step.place % len(accepted)], f"reversal-{next(_runs)}"
        quick, careful = sides.both(lambda side: side.reverse(*asked))
    else:
        quick, careful = sides.both(lambda side: side.batch(*step))
        if quick.status == 200:
            items = orjson.loads(quick.body)["items"]
            accepted += [item["transaction_id"] for item in items if "transaction_id" in item]
    assert quick == careful


def _differing(sides: Sides) -> list[str]:
    """The tables whose rows differ."""
    quick, careful = sides.quick.tables(), sides.careful.tables()
    return [name for name, rows in quick.items() if rows != careful[name]]


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[
        Phase.explicit,
        Phase.generate,
    ],  # Each try adds to the same ledgers, so that a smaller case is another one.
)
@given(data=st.data())
def test_both_ways_answer_and_write_alike(sides: Sides, data: st.DataObject) -> None:
    accepted: list[str] = []
    for step in data.draw(histories(next(_runs))):
        _take(sides, step, accepted)
    assert not _differing(sides)


def _line(number: int, **changes: Any) -> dict[str, Any]:
    stated = {"amount_cny": "1000.00", "traded_at": "2024-01-02T09:30:00+08:00", **changes}
    return {"key": f"line-{number}", **a_trade(**stated)}


def _sent(lines: list[dict[str, Any]]) -> Batch:
    return Batch(NDJSON, b"\n".join(map(orjson.dumps, lines)), "")


PLAIN = _sent([_line(n, reference=f"D-{n}", hs_code="02050000", quantity_kg=str(40 + n)) for n in range(12)])
"""Lines of one resident that use up the free weight, with prices of all kinds."""
ODD = _sent(
    [
        *(_line(n) for n in (20, 21, 21)), _line(22, reference="D-1"), _line(23, origin="CN"), _line(24, category="no"),
        _line(25, over_allowance="refuse", amount_cny="9000.00"), _line(26, seller="x" * 40), _line(27, origin="RU"),
        _line(28, hs_code="99990000"), _line(29, resident_id="R00000002", declarant_id="R00000001"),
    ]
)  # fmt: skip


def test_plain_lines_take_the_quick_way(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the comparison would compare the careful way with itself."""
    with monkeypatch.context() as patched:
        for name in ("service.commands.posting.EntryBatch.settle", "schemas.strict.StrictSchema.read"):
            patched.setattr(name, lambda *_: pytest.fail("the careful way"))
        assert sides.quick.batch(*PLAIN).body.startswith(b'{"accepted":12,"replayed":0,"refused":0')


def test_what_both_ways_wrote_is_found_right(sides: Sides) -> None:
    accepted: list[str] = []
    text = PLAIN.body.decode().replace("line-", "csv-").splitlines()
    names = list(orjson.loads(text[0]))
    rows = [",".join(names), *(",".join(orjson.loads(line)[name] for name in names) for line in text)]
    table = Batch(CSV, "\n".join(rows).encode(), "?check=true")
    for step in (PLAIN, ODD, Reversal(3), Reversal(-1), Fold(), ODD, table, PLAIN, Reversal(5), Reversal(5), Fold()):
        _take(sides, step, accepted)
    assert not _differing(sides)
    for side in sides:
        assert verify(side.ledger).transactions > len(accepted) / 2


Broken = tuple[str, Any]
BROKEN: dict[str, Broken] = {
    "a verdict": ("service.domain.plain_judging.exempt_parts", lambda *_: (0, 0)),
    "a warning": ("service.domain.plain_judging.stored_warnings", lambda *_: "back-dated=1"),
    "a citizen number": ("service.domain.plain_judging._holds_a_number", lambda _: False),
    "a fingerprint": ("service.http.api.batches.trade_fingerprint", lambda _: bytes(16)),
    "a sum in an answer": ("service.http.api.batches.format_cny", lambda fen: f"{fen}"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_quick_way_that_does_other_things_is_found(
    sides: Sides, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a part of the quick way does another thing for the lines of one side."""
    name, instead = BROKEN[broken]
    numbered = [_line(40 + n, seller=f"证号 {a_citizen_number(7)}") for n in range(8)]
    with monkeypatch.context() as patched:
        patched.setattr(name, instead)
        answers = [sides.quick.batch(*step) for step in (PLAIN, _sent(numbered))]
    with careful_way():
        expected = [sides.careful.batch(*step) for step in (PLAIN, _sent(numbered))]
    assert answers != expected or _differing(sides)
