"""Servers for tests of proxies: they note what they get, and answer as a test wants, or not at all."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listener:
    """A server that notes the requests that it gets."""

    port: int
    got: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and headers of each request whose body has arrived as well."""


Answer = Callable[[BaseHTTPRequestHandler], None]


def answer_shortly(request: BaseHTTPRequestHandler) -> None:
    """Answers 200 with a short document."""
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", "2")
    request.end_headers()
    request.wfile.write(b"{}")


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """Ends the connection without an answer, as a server does that is killed while it works."""
    request.close_connection = True


@contextlib.contextmanager
def listening(answer: Answer) -> Iterator[Listener]:
    """Starts a server that answers each whole request by `answer`. It is always well, when its health is asked for."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            is_whole = len(self.rfile.read(length)) == length
            if self.path.startswith("/health/"):
                answer_shortly(self)
            elif is_whole:
                listener.got.append((self.command, self.path, dict(self.headers)))
                answer(self)
            else:
                self.close_connection = True

        do_GET = do_POST = handle_any  # noqa: N815 (the library asks for these names)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's own name)
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    listener = Listener(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
