"""Whose request it is: named proxies are believed, and nobody else."""

import ipaddress

import pytest

from service.config import SettingError, read_settings
from service.http.clients import Clients

TRUSTED = tuple(map(ipaddress.ip_network, ("127.0.0.1", "10.0.0.0/8", "fd00::/8")))


def _client(peer: str, header: str | None, *, rfc7239: bool = False, trusted: bool = True) -> str:
    name = "HTTP_FORWARDED" if rfc7239 else "HTTP_X_FORWARDED_FOR"
    clients = Clients(TRUSTED if trusted else (), "Forwarded" if rfc7239 else "X-Forwarded-For")
    return clients.address_of({"REMOTE_ADDR": peer, **({} if header is None else {name: header})})


@pytest.mark.parametrize(
    ("peer", "header", "client"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # What the caller wrote stands before its address.
        ("127.0.0.1", "198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("127.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("127.0.0.1", "2001:DB8::1", "2001:db8::1"),
        ("::ffff:127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, nonsense", "127.0.0.1"),
        ("127.0.0.1", "nonsense, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),  # A caller without a proxy may write what it likes.
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_client(peer: str, header: str | None, client: str) -> None:
    assert _client(peer, header) == client
    assert _client(peer, header, trusted=False) == peer


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("for=203.0.113.7;proto=https", "203.0.113.7"),
        ('by=x;For="[2001:db8::1]:4711"', "2001:db8::1"),
        ('for=198.51.100.1, for="203.0.113.7:80";by=10.1.2.3', "203.0.113.7"),
        ("for=203.0.113.7, for=10.1.2.3", "203.0.113.7"),
        ('for="a, for=198.51.100.1"', "127.0.0.1"),
        ('for="198.51.100.1', "127.0.0.1"),
        ("for=unknown", "127.0.0.1"),
        ("for=_hidden, for=10.1.2.3", "10.1.2.3"),
        ("proto=https", "127.0.0.1"),
    ],
)
def test_the_header_of_rfc_7239_says_the_same(header: str, client: str) -> None:
    assert _client("127.0.0.1", header, rfc7239=True) == client


def test_one_header_is_read_and_the_other_is_the_callers() -> None:
    both = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_FORWARDED": "for=198.51.100.1"}
    assert Clients(TRUSTED, "X-Forwarded-For").address_of(both) == "203.0.113.7"
    assert Clients(TRUSTED, "Forwarded").address_of(both) == "198.51.100.1"


def test_a_long_header_is_read_from_its_end() -> None:
    assert _client("127.0.0.1", "203.0.113.7, " + "10.0.0.1, " * 40 + "10.0.0.2") == "10.0.0.1"


@pytest.mark.parametrize(
    ("variable", "text", "told"),
    [
        ("HUSHI_TRUSTED_PROXIES", "proxy.example", "'proxy.example' is no address or network"),
        ("HUSHI_TRUSTED_PROXIES", "10.0.0.1/8", "'10.0.0.1/8' is no address or network"),
        ("HUSHI_PROXY_HEADER", "X-Real-IP", "must be X-Forwarded-For or Forwarded"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, text: str, told: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable}.*{told}"):
        read_settings({variable: text})


def test_nobody_is_trusted_by_default() -> None:
    assert read_settings({}).trusted_proxies == ()
    read = read_settings({"HUSHI_TRUSTED_PROXIES": " 127.0.0.1, 10.0.0.0/8 ,", "HUSHI_PROXY_HEADER": "forwarded"})
    assert (read.trusted_proxies, read.proxy_header) == (TRUSTED[:2], "Forwarded")
