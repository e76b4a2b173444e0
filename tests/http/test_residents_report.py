"""The residents report over HTTP: stocks, flows, and who took part."""

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_registration, a_trade
from tests.conftest import Caller


def test_the_residents_report_counts_stocks_flows_and_who_took_part(admin: Caller) -> None:
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    admin.register(2, registered_on="2023-05-01", settlement="东")
    for ordinal, day in ((2, "2024-02-01"), (3, "2024-06-01")):
        admin.post("/v1/residents", a_registration(ordinal, registered_on=day, settlement="西", group_id=group))
    admin.post("/v1/residents/R00000001/status", {"status": "cancelled", "reason": "x", "effective_on": "2024-03-01"})
    admin.trade(a_trade(resident_id="R00000003", traded_at="2024-03-05T10:00:00+08:00", amount_cny="100.01"))
    admin.trade(a_trade(resident_id="R00000003", traded_at="2024-03-06T10:00:00+08:00", amount_cny="100.00"))

    document = admin.get("/v1/reports/residents?period=2024-Q1&by=settlement").get_json()

    current = {name: value["current"] for name, value in document["total"].items()}
    assert current == {
        "registered_at_start": 2, "registered_at_end": 2, "registered_in_period": 1, "cancelled_in_period": 1,
        "participating": 1, "participations": 2, "amount_per_participation_cny": "100.01",
    }  # fmt: skip
    assert document["total"]["registered_at_end"]["base"] == 0
    assert [(row["key"]["settlement"], row["registered_at_end"]["current"]) for row in document["rows"]] == [
        ("东", 1),
        ("西", 1),
    ]
    by_group = admin.get("/v1/reports/residents?period=2024&by=group_id").get_json()["rows"]
    assert {row["key"]["group_id"]: row["registered_at_end"]["current"] for row in by_group} == {group: 2, None: 1}


def test_who_had_expired_before_a_cancellation_does_not_leave_again(ledger: Ledger, admin: Caller) -> None:
    for ordinal, until in ((0, "2024-02-05"), (1, "2024-02-09"), (2, "2024-02-20"), (3, None)):
        admin.post("/v1/residents", a_registration(ordinal, registered_on="2023-05-01", valid_until=until))
    # The first had expired; the second would have, on the day of the cancellation; the third was registered till then.
    for n, day in ((1, "2024-02-10"), (2, "2024-02-10"), (3, "2024-02-10")):
        body = {"status": "cancelled", "reason": "x", "effective_on": day}
        assert admin.post(f"/v1/residents/R0000000{n}/status", body).status_code == 200
    bulletin = admin.get("/v1/reports/bulletin?month=2024-02").get_json()
    told = {row["figure"]: row["month"] for row in bulletin["residents"]}
    flows = ("registered_at_start", "registered_in_period", "cancelled_in_period", "lapsed_in_period")
    assert [told[name] for name in flows] == [4, 0, 2, 1]
    assert told["registered_at_end"] == 1
    for period, cancelled, end in (("2024-02", 2, 1), ("2024-01", 0, 4)):
        total = admin.get(f"/v1/reports/residents?period={period}&compare=none").get_json()["total"]
        assert (total["cancelled_in_period"]["current"], total["registered_at_end"]["current"]) == (cancelled, end)
    verify(ledger)


def test_the_residents_report_follows_each_registration_status_and_membership(admin: Caller) -> None:
    """A process keeps the registry in memory, and brings it up to date before each question."""
    path = "/v1/reports/residents?period=2024&compare=none&by=group_id"

    def registered() -> dict[str | None, int]:
        rows = admin.get(path).get_json()["rows"]
        return {row["key"]["group_id"]: row["registered_at_end"]["current"] for row in rows}

    assert registered() == {}
    admin.register(2, registered_on="2023-05-01")
    assert registered() == {None: 2}
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    admin.post(f"/v1/groups/{group}/members", {"resident_ids": ["R00000002"]})
    assert registered() == {None: 1, group: 1}
    admin.post("/v1/residents/R00000002/status", {"status": "cancelled", "reason": "x", "effective_on": "2024-03-01"})
    assert admin.get(path).get_json()["total"]["cancelled_in_period"] == {"current": 1}
    assert admin.get(path).get_json()["total"]["registered_at_end"] == {"current": 1}
