"""Batches as callers may send them: most lines are plain in most things, and none of them is in all."""

import csv
import datetime
import io
from typing import Any, NamedTuple

import orjson
from hypothesis import strategies as st

from tests.builders import a_citizen_number, a_trade

LINES_MIN, LINES_MAX = 8, 40
DAY, FIRST_DAY, DAYS = "0000-00-00", datetime.date(2024, 1, 2), 60
"""A history has a day of its own, on which its residents have used nothing yet. Behind `much_trade` are 90 days."""
NDJSON, CSV, JSON = "application/x-ndjson", "text/csv", "application/json"


class Batch(NamedTuple):
    """A batch as it is sent."""

    media_type: str
    body: bytes
    query: str


class Reversal(NamedTuple):
    """Asks to reverse one of the trades that were accepted, by its place among them."""

    place: int


class Fold(NamedTuple):
    """Folds the tail."""


PLAIN: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "resident_id": st.sampled_from(["R00000001", "R00000002", "R00000003"]),
        "amount_cny": st.sampled_from(["1000.00", "1010.00", "990.00", "2500.00", "7999.99", "8000.00", "0.99"]),
        "quantity_kg": st.sampled_from(["50", "50.000", "49.5", "125", "400.000"]),
        "traded_at": st.sampled_from(
            [f"{DAY}T09:30:00+08:00", f"{DAY}T01:30:00Z", f"{DAY}T20:00:00+08:00", f"{DAY}T23:59:59Z"]
        ),
    },
    optional={
        "category": st.sampled_from(["meat", "grain"]),
        "hs_code": st.sampled_from(["02050000", "10019900"]),
        "direction": st.sampled_from(["import", "import", "export"]),
        "trade_point": st.sampled_from(["erenhot", "mandula"]),
        "over_allowance": st.sampled_from(["refuse", "tax"]),
        "reference": st.sampled_from(["A-1", "A-2", "A-3", "发票 4", "5" * 20]),
        "seller": st.sampled_from(["Бат-Эрдэнэ", " 恩和 ", "x" * 40]),
        "consignment": st.sampled_from(["C-1", "C-2"]),
        "vehicle_plate": st.sampled_from(["蒙H00001", "蒙H00002"]),
    },
)
ODD: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "resident_id": st.sampled_from(["R00000004", "R00000099", "r1", 1, None, ["R00000001"]]),
        "amount_cny": st.sampled_from(["0", "-1", "1e3", "12.345", "１.00", 1000, "9999999999.99", "0.00", "01.00"]),
        "quantity_kg": st.sampled_from(["x", "0.001", "0.000", "1.0005", 1.5, True]),
        "traded_at": st.sampled_from(["2030-01-01T00:00:00Z", "x", "1999-12-31T23:00:00+08:00", "2024-06-30"]),
        "origin": st.sampled_from(["CN", "ZZ", "mn", "RU"]),
        "category": st.sampled_from(["Meat", "nothing", "packaged_food"]),
        "hs_code": st.sampled_from(["1", "99990000", None, "02 05"]),
        "seller": st.sampled_from([f"证号 {a_citizen_number(7)}", "😀", "\u200b", 'a "quoted" \\ one', None]),
        "declarant_id": st.sampled_from(["R00000001", "R00000002", None]),
        "metadata": st.sampled_from([{}, {"mark": "1"}, {"a": 1}, {"n": a_citizen_number(7)}]),
        "unknown": st.just("x"),
    },
)
KEYS = st.one_of(
    st.integers(1, 60).map(lambda n: f"k{n}"), st.sampled_from(["a b", "", "k" * 256, 'q"', "b\\", None, 7])
)
RAW = st.sampled_from(
    [
        b"", b"  ", b"{", b"[]", b"null", b'"x"', b"{}", b'{"key":"k1","key":"k2"}', b'{"key": "k3", "a": "\xff"}',
        b'{"key":"k4","resident_id":"R00000001","resident_id":"R00000001"}', b'{"key":"k5","a":{"b":"c"}}',
        orjson.dumps({"key": "k6", **a_trade()})[:-1] + b',"origin":"RU"}',
        orjson.dumps({"key": "k7", **a_trade(seller="x")}).replace(b'"x"', b'"\\u51bb"'),
        orjson.dumps({"key": "k8", **a_trade(seller="x")}).replace(b'"x"', b"null"),
        orjson.dumps({"key": "k9", **a_trade(seller="x")}).replace(b'"x"', b'null,"seller":null'),
    ]
)  # fmt: skip


@st.composite
def _lines(draw: st.DrawFn, run: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    day = (FIRST_DAY + datetime.timedelta(run % DAYS)).isoformat()
    plainness = draw(st.sampled_from([1, 3, 12]))
    for _ in range(draw(st.integers(LINES_MIN, LINES_MAX))):
        if lines and draw(st.integers(0, 9)) == 0:
            lines.append(dict(draw(st.sampled_from(lines))))  # The same line again: a replay.
            continue
        line = {**a_trade(), **draw(PLAIN)}
        line["traded_at"] = line["traded_at"].replace(DAY, day)
        if draw(st.integers(0, plainness)) == 0:
            line |= draw(ODD)
        key = draw(KEYS)
        lines.append({"key": f"{run}-{key}" if isinstance(key, str) and key.startswith("k") else key, **line})
    return lines


def _ndjson(draw: st.DrawFn, lines: list[dict[str, Any]]) -> bytes:
    texts = [orjson.dumps(line) for line in lines]
    for raw in draw(st.lists(RAW, max_size=3)):
        texts.insert(draw(st.integers(0, len(texts))), raw)
    return b"\n".join(texts) + draw(st.sampled_from([b"", b"\n", b"\r\n"]))


def _csv(lines: list[dict[str, Any]]) -> bytes:
    heading = list(dict.fromkeys(name for line in lines for name in line if name != "unknown"))
    rows = [[_cell(line.get(name)) for name in heading] for line in lines]
    target = io.StringIO()
    csv.writer(target).writerows([heading, *rows])
    return target.getvalue().encode()


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()


@st.composite
def batches(draw: st.DrawFn, run: int) -> Batch:
    """A batch in one of the three shapes."""
    lines = draw(_lines(run))
    atomic = draw(st.sampled_from([False, False, False, True]))
    media_type = draw(st.sampled_from([NDJSON, NDJSON, NDJSON, CSV, JSON]))
    query = draw(st.sampled_from(["", "", "", "check=true"]))
    if media_type == JSON:
        body = orjson.dumps({"atomic": atomic, "items": lines})
    else:
        body = _ndjson(draw, lines) if media_type == NDJSON else _csv(lines)
        query = f"{query}&atomic=true".strip("&") if atomic else query
    return Batch(media_type, body, f"?{query}" if query else "")


def much_trade() -> Batch:
    """So many trades that the usual prices of the days behind them are known, and don't change within a batch."""
    lines = [
        {"key": f"much-{n}", **a_trade(amount_cny=f"{900 + n % 200}.00", traded_at="2023-12-20T09:30:00+08:00")}
        for n in range(250)
    ]
    return Batch(NDJSON, b"\n".join(map(orjson.dumps, lines)), "")


def histories(run: int) -> st.SearchStrategy[list[Batch | Reversal | Fold]]:
    """What callers do one after the other; `run` makes the keys of one history its own."""
    steps = st.one_of(
        batches(run), batches(run), batches(run), st.builds(Reversal, st.integers(0, 99)), st.just(Fold())
    )
    return st.lists(steps, min_size=1, max_size=4)
