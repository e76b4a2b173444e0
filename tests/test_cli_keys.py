"""hushi keys: keys of one trade point, keys that expire, and the list that says so."""

import datetime

import pytest

from schemas.fields import Slug
from service.commands.key_uses import KeyUses
from service.commands.keys import create_key, revoke_key
from service.domain.keys import check_trade_point
from service.domain.transactions import MARKET_TIME
from service.ledger import Ledger
from service.queries.keys import list_api_keys
from service.storage.keys import ApiKey
from tests.servers import call_hushi

CREATE = ("keys", "create", "--name", "desk-3", "--scope", "transactions:write")


def _made(ledger: Ledger) -> ApiKey:
    return list_api_keys(ledger)[-1].key


def test_a_key_of_a_trade_point_that_expires(environment: dict[str, str], ledger: Ledger) -> None:
    made = call_hushi(environment, *CREATE, "--trade-point", "erenhot", "--expires-at", "2099-12-31T18:00:00+08:00")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("hushi_")
    assert made.stdout.count("\n") == 1
    assert "of the trade point erenhot only, until 2099-12-31T18:00:00+08:00" in made.stderr
    key = _made(ledger)
    assert key.trade_point == "erenhot"
    assert key.expires_at == datetime.datetime(2099, 12, 31, 18, tzinfo=MARKET_TIME)


def test_a_day_is_the_last_day_on_which_the_key_can_be_used(environment: dict[str, str], ledger: Ledger) -> None:
    made = call_hushi(environment, *CREATE, "--expires-at", "2099-12-31")
    assert "until 2100-01-01T00:00:00+08:00" in made.stderr
    assert _made(ledger).expires_at == datetime.datetime(2100, 1, 1, tzinfo=MARKET_TIME)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (("--expires-at", "2020-01-01"), "would have expired already"),
        (("--expires-at", "tomorrow"), "send a day such as"),
        (("--expires-at", "2099-12-31T18:00:00"), "send a day such as"),
        (("--expires-at", "2099-02-30"), "send a day such as"),
        (("--expires-at", "9999-12-31"), "send a day such as"),
        (("--trade-point", "Erenhot"), "lower-case letters"),
        (("--trade-point", ""), "lower-case letters"),
        (("--trade-point", "二连浩特"), "lower-case letters"),
        (("--trade-point", "p-152501199001011238"), "a citizen number"),
    ],
)
def test_what_can_not_be_meant_makes_no_key(
    environment: dict[str, str], ledger: Ledger, sent: tuple[str, ...], said: str
) -> None:
    made = call_hushi(environment, *CREATE, *sent)
    assert made.exit_code == 2, made.output
    assert said in made.output
    assert list_api_keys(ledger) == []


def test_the_list_says_trade_point_end_and_last_use(environment: dict[str, str], ledger: Ledger) -> None:
    soon = ledger.now() + datetime.timedelta(hours=1)
    create_key(ledger, "all", ["admin"])
    create_key(ledger, "bound", ["admin"], trade_point="erenhot", expires_at=soon)
    create_key(ledger, "gone", ["admin"])
    revoke_key(ledger, 3)
    uses = KeyUses(ledger)
    uses.note(1)
    uses.save()
    listed = [line.split("\t") for line in call_hushi(environment, "keys", "list").stdout.splitlines()]
    assert [line[4].partition(" ")[0] for line in listed] == ["live", "live", "revoked"]
    shown = soon.astimezone(MARKET_TIME).isoformat(timespec="seconds")
    assert [line[5:] for line in listed] == [["-", "-", str(ledger.today())], ["erenhot", shown, "-"], ["-", "-", "-"]]


def test_the_list_says_what_has_expired(environment: dict[str, str], ledger: Ledger) -> None:
    now = ledger.now()
    object.__setattr__(ledger, "clock", lambda: now - datetime.timedelta(days=2))
    create_key(ledger, "old", ["admin"], expires_at=now - datetime.timedelta(days=1))
    assert call_hushi(environment, "keys", "list").stdout.split("\t")[4] == "expired"


@pytest.mark.parametrize("name", ["a", "a" * 40, "a" * 41, "-a", "a-b_9", "", "A", "a b", "é", "９"])
def test_a_key_can_be_bound_to_what_a_trade_can_bear(name: str) -> None:
    def is_taken(check: object) -> bool:
        try:
            check(name)  # type: ignore[operator] # (either of the two)
        except ValueError:
            return False
        return True

    assert is_taken(check_trade_point) == is_taken(Slug().parse)
