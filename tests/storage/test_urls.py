"""URLs with several hosts: both ways to write them mean the same, and what can't be is refused in one clear line."""

import pytest

from service.config import SettingError, read_settings
from service.ledger import open_existing
from service.storage.faults import UnusableUrl
from service.storage.hosts import attempts_of
from service.storage.urls import HOSTS_MAX, read_url

START = "postgresql+psycopg://clerk:s3cret@"


def _asked(text: str, *, takes_writes: bool = True) -> list[tuple[str, str | None, str | None]]:
    """Host, port and kind of server of each attempt that a URL makes."""
    url = read_url(text, takes_writes=takes_writes)
    parameters = url.get_dialect()().create_connect_args(url)[1]
    return [(one["host"], one.get("port"), one.get("target_session_attrs")) for one in attempts_of(parameters)]


THREE = [("h1", "5432", "read-write"), ("h2", "5433", "read-write"), ("h3", "5434", "read-write")]


@pytest.mark.parametrize(
    "rest",
    [
        "h1:5432,h2:5433,h3:5434/hushi?target_session_attrs=read-write",
        "h1:5432,h2:5433,h3:5434/hushi",
        "/hushi?host=h1:5432&host=h2:5433&host=h3:5434&target_session_attrs=read-write",
        "/hushi?host=h1,h2,h3&port=5432,5433,5434",
        "/hushi?host=h1:5432,h2:5433,h3:5434",
    ],
)
def test_all_ways_to_write_hosts_mean_the_same(rest: str) -> None:
    assert _asked(START + rest) == THREE


def test_hosts_keep_their_own_forms() -> None:
    of_ip = [("::1", "5432", "read-write"), ("fe80::2", None, "read-write")]
    assert _asked(f"{START}[::1]:5432,[fe80::2]/hushi") == of_ip
    assert [host for host, *_ in _asked(f"{START}/hushi?host=/run/a,/run/b")] == ["/run/a", "/run/b"]
    assert [port for _, port, _ in _asked(f"{START}h1,h2/hushi?port=6432")] == ["6432", "6432"]
    assert _asked(f"{START}h1,h2/hushi?target_session_attrs=primary")[0][2] == "primary"


def test_a_standby_is_preferred_to_all_others() -> None:
    asked = _asked(f"{START}h1,h2/hushi?target_session_attrs=prefer-standby", takes_writes=False)
    assert [(host, kind) for host, _, kind in asked] == [
        ("h1", "standby"), ("h2", "standby"), ("h1", "any"), ("h2", "any")
    ]  # fmt: skip


def test_one_host_is_read_as_before() -> None:
    for rest in ("db.example:6432/hushi", "/hushi?host=/run/postgresql", "[::1]:5432/hushi", "h/hushi?sslmode=require"):
        assert "," not in str(read_url(START + rest))
    assert read_url(f"{START}h/hushi?target_session_attrs=any").query["target_session_attrs"] == "any"


REFUSED = {
    "h1,h1/hushi": "names a host twice",
    "h1,/hushi": "names an empty host",
    "h1:0,h2/hushi": "names a port that is none",
    "h1:65536,h2/hushi": "names a port that is none",
    "h1:５４３２,h2/hushi": "names a port that is none",
    "h1:,h2/hushi": "names a port that is none",
    "h1,h2/hushi?host=h3": "names hosts in two places",
    "h1:1,h2:2/hushi?port=1,2": "names ports in two places",
    "h1,h2/hushi?port=1,2,3": "names 2 hosts and 3 ports",
    "h1,h2/hushi?hostaddr=127.0.0.1": "leave hostaddr out",
    "h1,h2/hushi?load_balance_hosts=random": "leave load_balance_hosts out",
    "h1,h2/hushi?target_session_attrs=any": "set read-write",
    "h1/hushi?target_session_attrs=standby": "set read-write",
    "h1,h2/hushi?target_session_attrs=master": "unknown target_session_attrs",
    "p@ss@h1,h2/hushi": "written as %40",
    f"{','.join(f'h{n}' for n in range(HOSTS_MAX + 1))}/hushi": f"name {HOSTS_MAX} at most",
}


@pytest.mark.parametrize("rest", REFUSED)
def test_what_can_not_be_is_named_in_one_line_without_the_password(rest: str) -> None:
    environment = {"HUSHI_DATABASE_URL": START + rest, "HUSHI_SECRETS_FILE": "/secrets.json"}
    with pytest.raises(SettingError) as refused:
        open_existing(read_settings(environment))
    assert REFUSED[rest] in str(refused.value)
    assert str(refused.value).startswith("HUSHI_DATABASE_URL ")
    assert "\n" not in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("wanted", ["standby", "prefer-standby", "any", "read-only"])
def test_standbys_are_for_what_is_only_read(wanted: str) -> None:
    text = f"{START}h1,h2/hushi?target_session_attrs={wanted}"
    assert _asked(text, takes_writes=False)
    with pytest.raises(UnusableUrl):
        read_url(text)
