"""The HTTP server: Granian, with as many processes as the engine may have writers."""

from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from service.config import Settings
from service.logs import server_log_config

THREADS_PER_WORKER = 160
"""More than the gate admits (service.http.gate): a request that is refused must not wait for those that are not."""
POSTGRESQL_WORKERS = 2
THREAD_IDLE_S = 30
"""After so long without a request a thread ends, and with it whatever it keeps for itself."""
WAITING_CONNECTIONS_MAX = 1024
SHUTDOWN_TIMEOUT_S = 30


def workers_for(settings: Settings, asked: int | None) -> int:
    """How many processes serve: one for SQLite, which has one writing process; on PostgreSQL what is asked for."""
    return 1 if settings.is_sqlite else asked or POSTGRESQL_WORKERS


class _Server(MPServer):
    """Granian's server, told to stop once however often the signal comes.

    Its handler sets an event; a second signal in the middle of that waits for a lock that the first one holds, and
    the server never stops.
    """

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Notes the first signal to stop."""
        if not self.interrupt_signal:
            super_of: Any = super()
            super_of.signal_handler_interrupt(*args, **kwargs)


def serve(settings: Settings, host: str, port: int, workers: int | None) -> None:
    """Serves until the process is told to stop; requests in flight end first."""
    _Server(
        "service.app:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=workers_for(settings, workers),
        blocking_threads=THREADS_PER_WORKER,
        blocking_threads_idle_timeout=THREAD_IDLE_S,
        backlog=WAITING_CONNECTIONS_MAX,
        workers_kill_timeout=SHUTDOWN_TIMEOUT_S,
        respawn_failed_workers=True,
        websockets=False,
        log_level=LogLevels(settings.log_level.lower()),
        log_dictconfig=server_log_config(settings.log_level),
    ).serve()
