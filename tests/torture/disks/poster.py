"""A program that opens a ledger and posts what it is told, so that a test can watch its disk and kill it.

It reads lines of JSON and answers each with one. `begin` forks a process that has loaded everything already, which
answers the lines behind it, until it is told to end or is killed. That takes a hundredth of the time of a new program.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

ROOT = pathlib.Path(__file__).parents[3]
Line = dict[str, Any]


class Poster:
    """The program, as a test holds it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Starts it with more variables, and loads everything."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.disks.poster"],
            cwd=ROOT,
            env={**os.environ, "HUSHI_LOG_LEVEL": "CRITICAL", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self._child, self._unread = 0, b""
        self._take()

    def begin(self, environment: Mapping[str, str], *, weak: str = "") -> Line:
        """Opens a ledger in a new process; the answer names the fault if that failed. `weak` is what is taken away."""
        answer = self.ask({"begin": dict(environment), "weak": weak})
        if answer["fault"] is None:
            self._child = int(answer["pid"])
        else:
            self._take()
        return answer

    def ask(self, line: Line) -> Line:
        """Sends a line and waits for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        return self._take()

    def post(self, path: str, body: Line | None, headers: Mapping[str, str]) -> tuple[int, Line, bool]:
        """Posts over the service's own application: status, document, and whether it was a replay."""
        answer = self.ask({"path": path, "body": body, "headers": dict(headers)})
        return answer["status"], answer["document"], answer["replayed"]

    def do(self, what: str) -> Line:
        """Lets it fold, write nothing, or close the ledger; the answer names the fault, if there was one."""
        return self.ask({"do": what})

    def end(self) -> Line:
        """Closes the ledger and ends its process; the answer names the fault, if there was one."""
        answer = self.do("end")
        self.ended()
        return answer

    def ended(self) -> None:
        """Waits until the process that had the ledger open has ended."""
        self._take()

    def kill(self) -> None:
        """Kills the process that has the ledger open."""
        os.kill(self._child, signal.SIGKILL)
        self._take()

    def close(self) -> None:
        """Ends the program."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def _take(self) -> Line:
        assert self._process.stdout is not None
        while b"\n" not in self._unread:
            read = self._process.stdout.read(65536)
            assert read, "the program has ended"
            self._unread += read
        line, _, self._unread = self._unread.partition(b"\n")
        answer: Line = json.loads(line)
        return answer


@contextmanager
def posting(environment: Mapping[str, str]) -> Iterator[Poster]:
    """The program, which is ended at the end."""
    poster = Poster(environment)
    try:
        yield poster
    finally:
        poster.close()


def _lines() -> Iterator[Line]:
    """Reads one line at a time and nothing behind it, because another process may have to answer the next one."""
    line = b""
    while read := os.read(0, 1):
        line += read
        if read == b"\n":
            yield json.loads(line)
            line = b""


_ANSWERS = 3


def _tell(answer: Line) -> None:
    os.write(_ANSWERS, json.dumps(answer).encode() + b"\n")


def _main() -> None:
    os.dup2(1, _ANSWERS)
    os.dup2(2, 1)  # The service writes its log there.
    from tests.torture.disks import serving_here

    _tell({"loaded": True})
    for line in _lines():
        child = os.fork()
        if child == 0:
            serving_here.serve(line, _lines(), _tell)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _tell({"ended": status})


if __name__ == "__main__":
    _main()
