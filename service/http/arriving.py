"""Bodies that are still on their way. A request takes no place of admission while its body arrives.

The server hands a request over when its head is there, and the thread that reads the body waits until the caller has
sent it. `service.server.stalled` ends connections on which nothing comes any more.
"""

import contextlib
import io
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from service.domain.errors import Unavailable, ValidationFailed
from service.figures.answering import ADMISSION_REFUSED
from service.http.bodies import BATCH_BYTES_MAX, JSON_BYTES_MAX, REVERSALS_BYTES_MAX, TRANSFER_BYTES_MAX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BODIES_MAX = 256
SIGN_INS_MAX = 32
"""How many of these bodies may be those of sign-ins. Only the body of a sign-in is read before its sender has shown a
key."""
ARRIVING_BYTES_MAX = 64 * 1024 * 1024
SMALL_BYTES_MAX = 1024 * 1024
"""Larger bodies are worked on a few at a time, because 16 MiB of JSON become some hundred MiB of objects."""

SIGN_IN = "/signin"
LONG_BODIES = {
    "/v1/transactions/batch": BATCH_BYTES_MAX,
    "/v1/transactions/reversals": REVERSALS_BYTES_MAX,
    "/v1/transfers": TRANSFER_BYTES_MAX,
}
"""How long a body may be at these addresses; at others it may have JSON_BYTES_MAX."""

_TOO_MANY = "Too many bodies are on their way; nothing of this request was done. Ask again, writes with the same key."


class Arrivals:
    """Counts the bodies of a process that are on their way, and their bytes."""

    def __init__(
        self, bodies_max: int = BODIES_MAX, sign_ins_max: int = SIGN_INS_MAX, bytes_max: int = ARRIVING_BYTES_MAX
    ) -> None:
        """Begins with no body on its way."""
        self._bodies_max, self._sign_ins_max, self._bytes_max = bodies_max, sign_ins_max, bytes_max
        self._changing = threading.Lock()
        self._bodies = self._sign_ins = self._bytes = 0

    @property
    def is_tight(self) -> bool:
        """Whether more than half of one of the three limits is used."""
        return (
            2 * self._bodies > self._bodies_max
            or 2 * self._sign_ins > self._sign_ins_max
            or 2 * self._bytes > self._bytes_max
        )

    @contextlib.contextmanager
    def one(self, path: str, bytes_max: int) -> Iterator[None]:
        """Counts a body of up to `bytes_max` bytes while it is on its way. Raises Unavailable over a limit."""
        sign_in = path == SIGN_IN
        with self._changing:
            if (
                self._bodies >= self._bodies_max
                or (sign_in and self._sign_ins >= self._sign_ins_max)
                or self._bytes + bytes_max > self._bytes_max
            ):
                ADMISSION_REFUSED.add(1, "body")
                raise Unavailable(_TOO_MANY)
            self._count(1, sign_in, bytes_max)
        try:
            yield
        finally:
            with self._changing:
                self._count(-1, sign_in, -bytes_max)

    def _count(self, bodies: int, sign_in: bool, size: int) -> None:
        self._bodies += bodies
        self._sign_ins += bodies if sign_in else 0
        self._bytes += size


class Visit(Protocol):
    """A request that is admitted."""

    def outside(self, bytes_max: int) -> contextlib.AbstractContextManager[None]:
        """Frees the request's place meanwhile, and takes one again afterwards. Raises Unavailable."""

    def arrived(self, size: int) -> None:
        """Notes that the body is there. For a large body it waits for one of the few turns. Raises Unavailable."""


class Arriving(io.RawIOBase):
    """The input of a request. It gives the request's place back while it reads.

    When a body is cut short, the server says only that it has ended. So this class compares the bytes that came with
    the length that the request's head names: half a table could end in the middle of an amount.
    """

    def __init__(self, environ: "WSGIEnvironment", visit: Visit) -> None:
        """Notes the length that the head names; it reads nothing yet."""
        self._input = environ["wsgi.input"]
        self._visit = visit
        declared = environ.get("CONTENT_LENGTH") or ""
        self._length = int(declared) if declared.isdecimal() else None
        self._bytes_max = LONG_BODIES.get(environ["PATH_INFO"], JSON_BYTES_MAX)
        self._whole: io.BytesIO | None = None
        self._failed: Exception | None = None
        self._came = 0

    @property
    def length(self) -> int:
        """The length that the head names; 0 when it names none."""
        return self._length or 0

    def take(self) -> bytes | None:
        """The whole body, which can be read once more; None when it can't be had, and reading it then says why."""
        assert self._length is not None, "the head names no length"
        try:
            body = self._read_whole(self._length)
        except Exception as error:  # noqa: BLE001 (who reads it next is told, and answers to every error)
            self._failed = error
            return None
        self._whole = io.BytesIO(body)
        return body

    def readable(self) -> bool:
        """Always true: this stream can be read."""
        return True

    def readinto(self, target: bytearray) -> int:  # type: ignore[override] # (all that the library hands over)
        """The next bytes. Raises Unavailable, or ValidationFailed when less came than was announced."""
        if self._length is None:
            return self._read_part(target)
        if self._failed is not None:
            raise self._failed
        if self._whole is None:
            self._whole = io.BytesIO(self._read_whole(self._length))
        return self._whole.readinto(target)

    def _read_whole(self, length: int) -> bytes:
        with self._visit.outside(length):
            body: bytes = self._input.read(length)
            self._visit.arrived(len(body))
        if len(body) != length:
            raise ValidationFailed.of("", "cut-short", f"{len(body)} of {length} bytes came; send all of them.")
        return body

    def _read_part(self, target: bytearray) -> int:
        with self._visit.outside(self._bytes_max):
            part: bytes = self._input.read(len(target))
            self._came += len(part)
            if len(part) < len(target):  # The body has ended.
                self._visit.arrived(self._came)
        target[: len(part)] = part
        return len(part)
