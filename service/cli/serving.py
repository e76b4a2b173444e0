"""hushi serve and hushi welcome: they serve the ledger over HTTP, and say how to sign in there."""

import click
import structlog

from service.cli.opening import open_current_ledger
from service.cli.settings import pass_settings
from service.cli.welcome import welcome_text
from service.config import WORKERS, Settings
from service.demo.mark import refuse_cut_demo
from service.server.listening import held
from service.server.logs import configure_logs
from service.storage.presence import serving

_log = structlog.get_logger()

PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port to listen on.")
@click.option("--workers", default=WORKERS, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--welcome", "greets", is_flag=True, help="Say first what `hushi welcome` says.")
@pass_settings
def serve(settings: Settings, host: str, port: int, workers: int, greets: bool) -> None:
    """Serve the ledger over HTTP.

    SQLite is migrated first; PostgreSQL must have been, by `hushi db upgrade`.

    \b
    hushi serve --welcome             # and say first how to sign in
    hushi serve --host 0.0.0.0        # to the network, behind a proxy with TLS
    HUSHI_DATABASE_URL=postgresql+psycopg://… hushi serve --workers 4
    """  # noqa: D301 (click takes \b as a mark)
    from service.server.processes import serve as serve_http

    configure_logs(settings.log_level)
    with held(host, port) as address:
        ledger = open_current_ledger(settings)
        refuse_cut_demo(ledger)
        with serving(ledger.database):
            for file in ledger.database.exposed_files:
                _log.warning("others-may-read-the-ledger", file=str(file), run=f"chmod 600 {file}")
            if greets:
                click.echo(welcome_text(ledger, settings.data_dir, port))
            served = ledger.database.identity.refuse_replaced()
            ledger.database.close()
            serve_http(settings, address, port, workers, served)


@click.command()
@click.option("--port", default=8000, show_default=True, type=PORT, help="The port that the service will listen on.")
@pass_settings
def welcome(settings: Settings, port: int) -> None:
    """Print the address of the service, a key, and a request to paste."""
    ledger = open_current_ledger(settings)
    refuse_cut_demo(ledger)
    click.echo(welcome_text(ledger, settings.data_dir, port))
