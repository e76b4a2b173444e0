"""When a key was last used: noted once a day, behind the answers, and never in their way."""

import datetime
import pathlib
import threading
from collections.abc import Callable
from typing import Any

import pytest

from service.app import create_app
from service.commands.key_uses import KeyUses
from service.commands.keys import create_key, revoke_key
from service.ledger import Ledger
from service.queries.keys import list_api_keys
from service.storage import key_uses
from service.storage.faults import DatabaseUnavailable
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi, serving
from tests.waiting import wait_until

REPORT = "/v1/reports/trade?period=2024"
ONE_DAY = datetime.timedelta(days=1)


def _last_used(ledger: Ledger) -> list[datetime.date | None]:
    return [listed.last_used_on for listed in list_api_keys(ledger)]


@pytest.fixture
def uses(admin: Caller) -> KeyUses:
    """The uses that the application of `admin` has noted."""
    found: KeyUses = admin.client.application.extensions["hushi"].key_uses
    return found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, datetime.date]]:
    """What was written, one transaction after the other."""
    found: list[dict[int, datetime.date]] = []
    save = key_uses.save

    def saving(connection: Any, days: dict[int, datetime.date]) -> None:
        found.append(dict(days))
        save(connection, days)

    monkeypatch.setattr(key_uses, "save", saving)
    return found


def _later(ledger: Ledger, passed: datetime.timedelta) -> None:
    now = ledger.now() + passed
    object.__setattr__(ledger, "clock", lambda: now)


def test_a_key_that_was_never_used_has_no_day(ledger: Ledger, admin: Caller, uses: KeyUses) -> None:
    uses.save()
    assert _last_used(ledger) == [None]


def test_a_key_is_written_once_for_each_day(
    ledger: Ledger, admin: Caller, uses: KeyUses, written: list[dict[int, datetime.date]]
) -> None:
    today = ledger.today()
    for _ in range(3):
        admin.get("/v1/transactions")
        uses.save()
    _later(ledger, ONE_DAY)
    admin.get(REPORT)
    uses.save()
    assert written == [{1: today}, {1: today + ONE_DAY}]
    assert _last_used(ledger) == [today + ONE_DAY]


@pytest.mark.parametrize("ask", [lambda c: c.trade(a_trade()), lambda c: c.get(REPORT), lambda c: c.trade({})])
def test_every_kind_of_request_is_a_use(
    ledger: Ledger, admin: Caller, uses: KeyUses, ask: Callable[[Caller], Any]
) -> None:
    ask(admin)
    uses.save()
    assert _last_used(ledger) == [ledger.today()]


def test_a_key_that_is_tried_where_it_may_do_nothing_is_in_use(ledger: Ledger, admin: Caller, uses: KeyUses) -> None:
    reader = Caller(admin.client, create_key(ledger, "reader", ["reports:read"])[1])
    assert reader.trade(a_trade()).status_code == 403
    uses.save()
    assert _last_used(ledger) == [None, ledger.today()]


def test_a_revoked_or_unknown_key_is_not_used(ledger: Ledger, admin: Caller, uses: KeyUses) -> None:
    key_id, key = create_key(ledger, "gone", ["transactions:write"])
    gone, today = Caller(admin.client, key), ledger.today()
    assert gone.trade(a_trade()).status_code == 422
    uses.save()
    revoke_key(ledger, key_id)
    _later(ledger, ONE_DAY)
    assert [gone.trade(a_trade()).status_code, Caller(admin.client, "hushi_x").get(REPORT).status_code] == [401, 401]
    uses.save()
    assert _last_used(ledger) == [None, today]


def test_an_older_day_of_another_process_changes_nothing(ledger: Ledger) -> None:
    create_key(ledger, "x", ["admin"])
    today = ledger.today()
    for passed in (datetime.timedelta(), -3 * ONE_DAY):
        _later(ledger, passed)
        other = KeyUses(ledger)
        other.note(1)
        other.save()
    assert _last_used(ledger) == [today]


def test_a_failure_is_no_failure_of_a_request_and_is_tried_again(
    ledger: Ledger, admin: Caller, uses: KeyUses, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_connection: Any, _days: object) -> None:
        raise DatabaseUnavailable("it does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(key_uses, "save", failing)
        assert admin.get(REPORT).status_code == 200
        uses.save()
    assert _last_used(ledger) == [None]
    uses.save()
    assert _last_used(ledger) == [ledger.today()]


def test_no_answer_waits_for_a_write(ledger: Ledger, admin: Caller, uses: KeyUses) -> None:
    """Another transaction holds what the writer needs; requests that only read are answered all the same."""
    with ledger.database.writing():
        uses.note(1)
        waiting = threading.Thread(target=uses.save)
        waiting.start()
        assert admin.get(REPORT).status_code == 200
    waiting.join(30)
    assert _last_used(ledger) == [ledger.today()]


def test_the_note_is_no_fact_and_verify_does_not_mind(ledger: Ledger, environment: dict[str, str]) -> None:
    _, key = create_key(ledger, "x", ["admin"])
    app = create_app(ledger)
    Caller(app.test_client(), key).get(REPORT)
    app.extensions["hushi"].key_uses.save()
    app.extensions["hushi"].committer.close()
    assert call_hushi(environment, "verify").exit_code == 0


def test_a_server_writes_it_by_itself(ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    _, key = create_key(ledger, "x", ["admin"])
    with serving(environment, tmp_path / "log") as server:
        assert server.ask("GET", REPORT, headers={"Authorization": f"Bearer {key}"})[0] == 200
        wait_until(lambda: _last_used(ledger) == [ledger.today()])
