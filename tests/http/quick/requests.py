"""Requests as callers may send them: most are plain in most things, and none of them is in all."""

import gzip
from typing import Any, NamedTuple

import orjson
from hypothesis import strategies as st

from service.http.quick_posts import PATH
from tests.builders import a_citizen_number, a_trade


class Request(NamedTuple):
    """A request as a caller may send it; a header that is None is not sent."""

    key: str
    scheme: str
    body: bytes
    headers: dict[str, str | None]
    query: str = ""
    method: str = "POST"
    path: str = PATH


MANY = st.sampled_from
JSON = "application/json"
OTHER_TYPES = (f"{JSON}; charset=utf-8", f"{JSON}; charset=GBK", JSON.upper(), "text/plain", None)
TRADES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"resident_id": st.sampled_from(["R00000001", "R00000002", "R00000004", "R00000099", "r1"])},
    optional={
        "amount_cny": st.sampled_from(["1000.00", "7999.99", "9000", "0", "-1", "1e3", "12.345"]),
        "quantity_kg": st.sampled_from(["1", "0.001", "50.000", "x"]),
        "traded_at": MANY(["2024-06-29T09:30:00+08:00", "2024-06-30T01:30:00Z", "2030-01-01T00:00:00Z", "x"]),
        "category": st.sampled_from(["meat", "grain", "packaged_food", "Meat"]),
        "hs_code": st.sampled_from(["02050000", "10019900", None, "1"]),
        "direction": st.sampled_from(["import", "export", "both"]),
        "trade_point": st.sampled_from(["erenhot", "mandula"]),
        "over_allowance": st.sampled_from(["refuse", "tax", "?"]),
        "reference": st.sampled_from(["A-1", "A-2", None, "引号\"和\\反斜线"]),
        "seller": st.sampled_from(["Бат-Эрдэнэ", None, f"证号 {a_citizen_number(7)}", "😀"]),
        "declarant_id": st.sampled_from(["R00000001", "R00000002", None]),
        "metadata": st.sampled_from([{}, {"mark": "1"}, {"a": 1}]),
        "unknown": st.just("x"),
    },
)  # fmt: skip
BODIES = st.one_of(
    TRADES.map(lambda changes: orjson.dumps({**a_trade(), **changes})),
    TRADES.map(lambda changes: orjson.dumps({**a_trade(), **changes})),
    st.sampled_from(
        [
            b"", b"{", b"[]", b"null", b'{"resident_id": "R00000001"}',
            orjson.dumps(a_trade())[:-1] + b',"origin":"MN"}',
            orjson.dumps(a_trade()) + b" ", b"\xef\xbb\xbf" + orjson.dumps(a_trade()), b'{"a": "\xff"}',
            orjson.dumps(a_trade(commodity="x")).replace(b'"x"', b'"\\ud800"'),
            orjson.dumps(a_trade(commodity="x")).replace(b'"x"', b'"\\u51bb"'), b'{"a":' * 40 + b"1" + b"}" * 40,
        ]
    ),
)  # fmt: skip
CALLERS = ("reader", "here", "there", "expired", "revoked", "none", "hushi_unknown", "schlüssel")


def _rarely(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value in three of four requests."""
    return st.one_of(st.just(usual), st.just(usual), st.just(usual), MANY(others))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request: most are plain in most things."""
    body, packing = draw(BODIES), draw(_rarely(None, "gzip", "identity", "br", ""))
    headers = {
        "Content-Type": draw(_rarely(JSON, *OTHER_TYPES)),
        "Content-Encoding": packing,
        "Idempotency-Key": draw(MANY(["k1", "k2", "k3", "k4", "k5", "k6", None, "a b", "k" * 256, "k1,k1", ""])),
        "Accept": draw(_rarely(None, "text/html", "application/json")),
        "Cookie": draw(_rarely(None, "hushi_session=junk")),
        "X-Request-Id": draw(_rarely("req-1", None, "no good")),
        "Hushi-Min-Position": draw(_rarely(None, "0.1", "x")),
        "Expect": draw(_rarely(None, "nothing")),
    }  # fmt: skip
    return Request(
        key=draw(_rarely("clerk", *CALLERS)),
        scheme=draw(_rarely("Bearer", "bearer", "Basic", "Bearer ")),
        body=gzip.compress(body, mtime=0) if packing == "gzip" else body,
        headers=headers,
        query=draw(_rarely("", "x=1", "%ff")),
        method=draw(_rarely("POST", "GET", "PUT")),
        path=draw(_rarely(PATH, f"{PATH}/", f"{PATH}/quote", "/v1/Transactions")),
    )  # fmt: skip
