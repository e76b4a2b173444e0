"""Posts to a served market as `tests.conftest.Caller` does to an application."""

from typing import Any, NamedTuple

from tests.builders import a_key
from tests.servers import Server


class Answered(NamedTuple):
    """What a server answered."""

    status_code: int
    document: Any

    def get_json(self) -> Any:
        """The document of the answer."""
        return self.document


class Posting:
    """A caller of a served market with one key."""

    def __init__(self, server: Server, key: str) -> None:
        """Keeps the server and the key."""
        self._server, self._key = server, key

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answered:
        """POST of JSON, with a new idempotency key unless one is given."""
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key or a_key()}
        status, document, _ = self._server.ask("POST", path, body, headers)
        return Answered(status, document)

    def trade(self, body: dict[str, Any], key: str | None = None) -> Answered:
        """POST of a trade."""
        return self.post("/v1/transactions", body, key=key)
