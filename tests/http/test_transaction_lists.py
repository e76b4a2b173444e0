"""Lists by every filter, and their totals: compared with the same filters said in Python, on a random history."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from service.commands.folding import fold
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

Item = dict[str, Any]
LIVE = "kind=trade&reversed=false"
MEASURES = (
    "transactions", "participations", "residents", "quantity_kg", "amount_cny", "exempt_cny", "taxable_cny",
)  # fmt: skip


def _market(call: Callable[..., Caller], seed: int = 5, trades: int = 70) -> list[Item]:
    """A random history by two keys, of residents with and without group and settlement; all entries, newest first."""
    chance = random.Random(seed)
    clerks = call(), call()
    clerks[0].register(3)
    clerks[0].post("/v1/groups", {"name": "互助组", "kind": "mutual_aid"})
    for number in range(3, 6):
        clerks[0].post("/v1/residents", _registration(number))
    posted: list[str] = []
    for number in range(trades):
        body = _random_trade(chance, number)
        answer = clerks[number % 2].trade(body)
        assert answer.status_code == 201, answer.get_json()
        posted.append(answer.get_json()["transaction_id"])
        if chance.random() < 0.15:
            clerks[chance.randrange(2)].reverse(posted.pop(chance.randrange(len(posted))))
    return _all(clerks[0], "")


def _registration(number: int) -> dict[str, Any]:
    return a_registration(number, settlement=["乌兰社区", "赛乌素嘎查"][number % 2], group_id="G000001")


def _random_trade(chance: random.Random, number: int) -> dict[str, Any]:
    category, code = chance.choice([("meat", "02044200"), ("grain", "12040000"), ("wool", "51011100"), ("meat", None)])
    return a_trade(
        resident_id=f"R0000000{chance.randint(1, 6)}",
        category=category,
        hs_code=code,
        commodity=chance.choice(["冻马肉", "亚麻籽"]),
        origin=chance.choice(["MN", "RU"]),
        direction=chance.choice(["import"] * 4 + ["export"]),
        trade_point=chance.choice(["erenhot", "pier"]),
        consignment=chance.choice([None, "T-1", "T-2"]),
        vehicle_plate=chance.choice([None, "蒙H12345"]),
        reference=None if number % 3 else f"D-{number}",
        amount_cny=f"{chance.randint(1, 6000)}.{chance.randint(0, 99):02d}",
        traded_at=f"2024-06-{chance.randint(27, 30)}T09:30:00+08:00",
    )


def _all(caller: Caller, query: str, limit: int = 500) -> list[Item]:
    """All entries of a list, page by page."""
    found: list[Item] = []
    asked = f"{query}&limit={limit}"
    while True:
        answer = caller.get(f"/v1/transactions?{asked}")
        assert answer.status_code == 200, (query, answer.get_json())
        page = answer.get_json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        asked = f"limit={limit}&cursor={page['next_cursor']}"


def _filters(entries: list[Item]) -> dict[str, Callable[[Item], bool]]:
    """Queries, each with the same question about one entry."""
    reversed_ids = {item["reverses"] for item in entries}
    middle = entries[len(entries) // 2]["recorded_at"]
    quoted = middle.replace("+", "%2B")
    return {
        "resident_id=R00000002": lambda i: i["resident_id"] == "R00000002",
        "group_id=G000001": lambda i: i["group_id"] == "G000001",
        "group_id=": lambda i: i["group_id"] is None,
        "settlement=": lambda i: i["settlement"] is None,
        "settlement=,乌兰社区": lambda i: i["settlement"] in {None, "乌兰社区"},
        "settlement=乌兰社区&settlement=赛乌素嘎查": lambda i: i["settlement"] is not None,
        "category=meat,wool": lambda i: i["category"] in {"meat", "wool"},
        "category=meat&category=grain": lambda i: i["category"] in {"meat", "grain"},
        "commodity=亚麻籽": lambda i: i["commodity"] == "亚麻籽",
        "origin=RU": lambda i: i["origin"] == "RU",
        "direction=export": lambda i: i["direction"] == "export",
        "trade_point=pier": lambda i: i["trade_point"] == "pier",
        "trade_point=pier,erenhot": lambda _: True,
        "consignment=T-1": lambda i: i["consignment"] == "T-1",
        "vehicle_plate=蒙H12345": lambda i: i["vehicle_plate"] == "蒙H12345",
        "reference=D-3": lambda i: i["reference"] == "D-3",
        "reference=D-3&trade_point=pier": lambda i: i["reference"] == "D-3" and i["trade_point"] == "pier",
        "hs_code=0204": lambda i: (i["hs_code"] or "").startswith("0204"),
        "hs_code=5": lambda i: (i["hs_code"] or "").startswith("5"),
        **{f"verdict={word}": _verdict_is(word) for word in ("exempt", "partly_taxed", "taxed", "export")},
        "verdict=taxed,partly_taxed": lambda i: i["verdict"] in {"taxed", "partly_taxed"},
        "kind=reversal": lambda i: i["kind"] == "reversal",
        "kind=trade": lambda i: i["kind"] == "trade",
        "reversed=true": lambda i: i["transaction_id"] in reversed_ids,
        "reversed=false": lambda i: i["transaction_id"] not in reversed_ids,
        LIVE: lambda i: i["kind"] == "trade" and i["transaction_id"] not in reversed_ids,
        "recorded_by=1": lambda i: i["recorded_by"]["id"] == 1,
        "recorded_by=1,2": lambda _: True,
        "recorded_by=0": lambda _: False,
        "recorded_by=": lambda _: False,
        "declarant_id=R00000002": lambda i: i["declarant_id"] == "R00000002",
        "commodity=亚麻籽&from=2024-06-29": lambda i: i["commodity"] == "亚麻籽" and i["day"] >= "2024-06-29",
        "from=2024-06-28&to=2024-06-29": lambda i: "2024-06-28" <= i["day"] <= "2024-06-29",
        "to=2024-06-28&category=meat": lambda i: i["day"] <= "2024-06-28" and i["category"] == "meat",
        "from=2024-06-30": lambda i: i["day"] >= "2024-06-30",
        f"recorded_from={quoted}": lambda i: i["recorded_at"] >= middle,
        f"recorded_to={quoted}": lambda i: i["recorded_at"] <= middle,
        f"recorded_from={middle[:10]}&recorded_to={middle[:10]}": lambda i: i["recorded_at"][:10] == middle[:10],
        "recorded_to=2020-01-01": lambda _: False,
    }


def _verdict_is(word: str) -> Callable[[Item], bool]:
    return lambda item: bool(item["verdict"] == word)


def test_every_filter_lets_exactly_its_entries_through_in_either_order(call: Callable[..., Caller]) -> None:
    entries = _market(call)
    caller = call("transactions:read")
    for query, is_wanted in _filters(entries).items():
        wanted = [item for item in entries if is_wanted(item)]
        assert _all(caller, query) == wanted, query
        assert _all(caller, f"{query}&order=newest", limit=7) == wanted, query
        assert _all(caller, f"{query}&order=oldest", limit=7) == wanted[::-1], query
    assert all(
        any(is_wanted(item) for item in entries) for query, is_wanted in _filters(entries).items() if "verdict" in query
    )


def test_pages_walk_along_the_journal_where_days_are_many(
    call: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way to find the entries of days gives the same pages."""
    entries = _market(call, trades=40)
    monkeypatch.setattr("service.storage.entry_lists.FEW", 3)
    for query in ("from=2024-06-28", "from=2024-06-28&to=2024-06-29&origin=MN", "to=2024-06-29"):
        wanted = _all(call(), query, limit=4)
        assert wanted == [item for item in entries if _filters_by_day(query, item)], query


def _filters_by_day(query: str, item: Item) -> bool:
    asked = dict(part.split("=") for part in query.split("&"))
    is_on_day = asked.get("from", "") <= item["day"] <= asked.get("to", "9")
    return is_on_day and bool(item["origin"] == asked.get("origin", item["origin"]))


def _recount(items: list[Item]) -> dict[str, Any]:
    def fen(name: str, decimals: int) -> str:
        total = sum(int(item[name].replace(".", "")) for item in items)
        return f"{total // 10**decimals}.{total % 10**decimals:0{decimals}d}"

    return {
        "transactions": len(items),
        "participations": len({(item["resident_id"], item["day"]) for item in items}),
        "residents": len({item["resident_id"] for item in items}),
        "quantity_kg": fen("quantity_kg", 3),
        **{name: fen(name, 2) for name in ("amount_cny", "exempt_cny", "taxable_cny")},
    }


def test_totals_are_those_of_the_live_trades_that_the_filters_let_through(call: Callable[..., Caller]) -> None:
    entries = _market(call)
    caller = call("transactions:read")
    names = {item["recorded_by"]["id"]: item["recorded_by"] for item in entries}
    for query, is_wanted in _filters(entries).items():
        totals = caller.get(f"/v1/transactions/totals?{query}").get_json()
        is_live = _filters(entries)[LIVE]
        live = [item for item in entries if is_wanted(item) and is_live(item)]
        assert totals["total"] == _recount(live), query
        assert totals["reversals"] == sum(is_wanted(item) and item["kind"] == "reversal" for item in entries), query
        for name in ("category", "verdict"):
            parts = {part["key"]: _without_key(part) for part in totals[name]}
            assert parts == {key: _recount([i for i in live if i[name] == key]) for key in {i[name] for i in live}}, (
                query,
                name,
            )
        for part in totals["recorded_by"]:
            assert part["key"] == names[part["key"]["id"]]
            assert _without_key(part) == _recount([i for i in live if i["recorded_by"] == part["key"]])
        assert len(totals["recorded_by"]) == len({i["recorded_by"]["id"] for i in live})


def _without_key(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "key"}


@pytest.mark.parametrize("seed", range(3))
def test_totals_equal_the_report_of_the_same_scope_before_and_after_a_fold(
    ledger: Ledger, call: Callable[..., Caller], seed: int
) -> None:
    _market(call, seed)
    caller = call()
    scopes = (
        "", "&category=meat,wool", "&category=grain&direction=import", "&origin=RU&trade_point=pier",
        "&group_id=G000001", "&settlement=乌兰社区", "&direction=import,export",
    )  # fmt: skip
    for _ in range(2):
        for days in ("from=2024-06-27&to=2024-06-30", "from=2024-06-28&to=2024-06-28"):
            for scope in scopes:
                report = caller.get(f"/v1/reports/trade?{days}{scope}&compare=none").get_json()
                totals = caller.get(f"/v1/transactions/totals?{days}{scope}").get_json()
                assert totals["total"] == {name: report["total"][name]["current"] for name in MEASURES}, scope
                assert totals["position"] == report["position"]
                listed = _all(caller, f"{days}{scope}&{LIVE}")
                assert len(listed) == totals["total"]["transactions"]
        by_category = caller.get("/v1/reports/trade?period=2024&compare=none&by=category").get_json()["rows"]
        parts = caller.get("/v1/transactions/totals?from=2024-01-01&to=2024-12-31").get_json()["category"]
        assert [(part["key"], part["amount_cny"]) for part in parts] == [
            (row["key"]["category"], row["amount_cny"]["current"]) for row in by_category
        ]
        fold(ledger)


def test_a_cursor_holds_its_order_and_its_lists(call: Callable[..., Caller]) -> None:
    _market(call, trades=20)
    caller = call()
    query = "category=meat&category=grain&group_id=&order=oldest&limit=2"
    cursor = caller.get(f"/v1/transactions?{query}").get_json()["next_cursor"]
    alone = caller.get(f"/v1/transactions?limit=2&cursor={cursor}")
    assert alone.status_code == 200
    assert caller.get(f"/v1/transactions?{query}&cursor={cursor}").data == alone.data
    for other in ("order=newest", "category=meat", "reversed=false"):
        assert caller.get(f"/v1/transactions?cursor={cursor}&{other}").get_json()["code"] == "cursor-invalid"
    assert caller.get(f"/v1/transactions/totals?cursor={cursor}").status_code == 422


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("category=fish", "/category"), ("category=meat,fish", "/category"), ("category=", "/category"),
        ("origin=XX", "/origin"), ("hs_code=02x", "/hs_code"), ("hs_code=", "/hs_code"), ("verdict=free", "/verdict"),
        ("kind=both", "/kind"), ("reversed=1", "/reversed"), ("recorded_by=clerk", "/recorded_by"),
        ("recorded_from=yesterday", "/recorded_from"), ("recorded_from=2024-06-30T09:30:00+08:00", "/recorded_from"),
        ("recorded_from=2024-07-01&recorded_to=2024-06-30", "/recorded_to"), ("order=any", "/order"),
        ("from=2024-02-02&to=2024-02-01", "/to"), ("reference=", "/reference"), ("resident_id=R1", "/resident_id"),
        ("resident_id=R00000001&resident_id=R00000002", "/resident_id"), ("seller=x", "/seller"),
    ],
)  # fmt: skip
def test_a_filter_that_can_not_be_meant_is_refused(admin: Caller, query: str, pointer: str) -> None:
    for path in ("/v1/transactions", "/v1/transactions/totals"):
        refused = admin.get(f"{path}?{query}")
        assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, pointer), query


def test_totals_need_the_scope(call: Callable[..., Caller]) -> None:
    assert call("reports:read").get("/v1/transactions/totals").status_code == 403
    assert call(None).get("/v1/transactions/totals").status_code == 401
