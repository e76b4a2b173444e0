"""Settings, read once from the environment. A wrong or unsafe setting stops the start, and one line names it."""

import ipaddress
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

WORKERS = 2
"""How many processes serve: the number that the service was measured with, on two cores (docs/decisions/0008)."""

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
ProxyHeader = Literal["X-Forwarded-For", "Forwarded"]
PROXY_HEADERS: tuple[ProxyHeader, ...] = get_args(ProxyHeader)


class SettingError(Exception):
    """A setting that can't be used; the message is one line that names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The ledger's database, the files beside it, the file of the secrets that belong to it, and where backups go."""

    database_url: str
    data_dir: pathlib.Path
    secrets_file: pathlib.Path
    secrets_may_be_created: bool
    log_level: str
    trusted_proxies: tuple[Network, ...] = ()
    """The proxies that may say for whom they ask, as addresses or networks."""
    proxy_header: ProxyHeader = "X-Forwarded-For"
    """The one header in which they say it."""
    backup_dir: pathlib.Path | None = None
    read_url: str | None = None
    """The servers that reports come from, such as standbys; None: the ledger's own database."""

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is a file of SQLite, so that other files may be beside it; else it is in PostgreSQL."""
        return self.database_url.startswith("sqlite")


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment. Raises SettingError, one line that names the variable and what to set."""
    data_dir = pathlib.Path(environment.get("HUSHI_DATA_DIR") or "data")
    url = _database_url(environment.get("HUSHI_DATABASE_URL") or f"sqlite:///{data_dir}/hushi.db")
    secrets = environment.get("HUSHI_SECRETS_FILE")
    is_sqlite = url.startswith("sqlite")
    if not secrets and not is_sqlite:
        raise SettingError("HUSHI_SECRETS_FILE is required with PostgreSQL: set the path of the file with the keys.")
    backups = environment.get("HUSHI_BACKUP_DIR")
    level = (environment.get("HUSHI_LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        raise SettingError(f"HUSHI_LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")
    return Settings(
        database_url=url,
        data_dir=data_dir,
        secrets_file=pathlib.Path(secrets) if secrets else data_dir / "secrets.json",
        secrets_may_be_created=not secrets and is_sqlite,
        log_level=level,
        read_url=_read_url(environment.get("HUSHI_READ_URL"), is_sqlite=is_sqlite),
        trusted_proxies=tuple(_networks(environment.get("HUSHI_TRUSTED_PROXIES") or "")),
        proxy_header=_proxy_header(environment.get("HUSHI_PROXY_HEADER") or PROXY_HEADERS[0]),
        backup_dir=pathlib.Path(backups) if backups else None,
    )


def _networks(text: str) -> Iterator[Network]:
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            yield ipaddress.ip_network(part)
        except ValueError:
            raise SettingError(
                f"HUSHI_TRUSTED_PROXIES: '{part}' is no address or network; send such as 127.0.0.1,10.0.0.0/8."
            ) from None


def _proxy_header(text: str) -> ProxyHeader:
    for header in PROXY_HEADERS:
        if text.lower() == header.lower():
            return header
    raise SettingError(f"HUSHI_PROXY_HEADER must be {' or '.join(PROXY_HEADERS)}.")


def _read_url(text: str | None, *, is_sqlite: bool) -> str | None:
    if not text:
        return None
    if is_sqlite:
        raise SettingError("HUSHI_READ_URL is for PostgreSQL: take it out, SQLite has no standby.")
    driver, separator, rest = text.partition("://")
    if not separator or driver not in {"postgresql+psycopg", "postgresql"}:
        raise SettingError("HUSHI_READ_URL must begin with postgresql+psycopg://.")
    return f"postgresql+psycopg://{rest}"


def _database_url(text: str) -> str:
    driver, separator, rest = text.partition("://")
    if not separator:
        raise SettingError("HUSHI_DATABASE_URL is not a URL such as sqlite:///data/hushi.db.")
    if driver in {"postgresql+psycopg", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    if driver != "sqlite":
        raise SettingError(f"HUSHI_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://, not {driver}://.")
    if not rest.startswith("/") or rest in {"/", "/:memory:"}:
        raise SettingError("HUSHI_DATABASE_URL must name a file: a ledger in memory would not survive a restart.")
    return text
