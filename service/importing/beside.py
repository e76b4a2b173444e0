"""Reads a long file in a process of its own, beside the one that posts its lines.

Reading a line takes as long as posting it, and Python runs one thread at a time. The second process is forked off, so
that it has the open file; it does not touch the ledger. It sends what it has read in chunks, waits until they are
taken, and ends with the first process.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from multiprocessing.connection import Connection as Pipe
from operator import attrgetter
from typing import Any, NamedTuple, overload

from service.importing.lines import FileLine, FileLines, ImportFileError, in_chunks

BESIDE_FROM_BYTES = 4_000_000
"""Smaller files are read before a second process would pay."""

_values_of_line = attrgetter(*FileLine.__slots__)
_values_of_state = attrgetter("position", "hidden_lines", "hidden_columns")

Read = Callable[[FileLine], Any]


class ReadChunk(NamedTuple):
    """Lines of the file, and what was read from each."""

    lines: Sequence[FileLine]
    readings: list[Any]


def read_chunks(lines: "Iterable[FileLine] | LinesReadBeside", read: Read, length_max: int) -> Generator[ReadChunk]:
    """Reads lines in chunks. Raises ImportFileError where the rest can't be read, after the lines before that."""
    if isinstance(lines, LinesReadBeside):
        yield from lines.read(read, length_max)
        return
    for chunk in in_chunks(lines, length_max):
        yield ReadChunk(chunk, [read(line) for line in chunk])


class LinesReadBeside:
    """An open file whose lines another process reads. What it tells of the file is as of the chunk that came last."""

    def __init__(self, lines: FileLines) -> None:
        """Starts no process yet."""
        self._lines = lines
        self.total_bytes, self.total_lines, self.skipped_sheets = (
            lines.total_bytes, lines.total_lines, lines.skipped_sheets,
        )  # fmt: skip
        self.position, self.hidden_lines, self.hidden_columns = _values_of_state(lines)

    def read(self, read: Read, length_max: int) -> Generator[ReadChunk]:
        """The chunks, read by a process that ends with this iterator. Raises as `read_chunks`."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_read_all, args=(theirs, ours, self._lines, read, length_max), daemon=True)
        process.start()
        theirs.close()
        try:
            while (received := _received(ours)) is not None:
                state, readings, packed = received
                self.position, self.hidden_lines, self.hidden_columns = state
                yield ReadChunk(_PackedLines(packed, len(readings)), readings)
        finally:
            ours.close()
            process.kill()
            process.join()


def read_beside(lines: FileLines) -> FileLines | LinesReadBeside:
    """The lines, to be read by another process where the file is long and there is a processor for it."""
    has_room = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1
    return LinesReadBeside(lines) if has_room and lines.total_bytes >= BESIDE_FROM_BYTES else lines


def _received(pipe: Pipe) -> Any:
    """The next chunk, or None at the end of the file. Raises what ended the reading."""
    try:
        received = pickle.loads(pipe.recv_bytes())  # noqa: S301 (it comes from our own process)
    except (EOFError, OSError):  # At the end of a chunk, or in the middle of it.
        raise ImportFileError("The process that read the file was ended. Run the same command again.") from None
    if isinstance(received, Exception):
        raise received
    return received


def _read_all(theirs: Pipe, ours: Pipe, lines: FileLines, read: Read, length_max: int) -> None:
    """What the second process does. Ctrl-C reaches both; the first one decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ours.close()  # So that a write fails when the first process has ended.
    last: Any = None
    with contextlib.suppress(BrokenPipeError):
        try:
            for chunk in in_chunks(lines, length_max):
                packed = pickle.dumps([_values_of_line(line) for line in chunk], pickle.HIGHEST_PROTOCOL)
                found = _values_of_state(lines), [read(line) for line in chunk], packed
                theirs.send_bytes(pickle.dumps(found, pickle.HIGHEST_PROTOCOL))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 (the first process raises it)
            last = error
        theirs.send_bytes(pickle.dumps(last))


class _PackedLines(Sequence[FileLine]):
    """Lines as the other process has sent them. Most are never looked at, so they are unpacked with the first."""

    def __init__(self, packed: bytes, count: int) -> None:
        self._packed, self._count = packed, count
        self._lines: list[FileLine] | None = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> FileLine: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[FileLine]: ...
    def __getitem__(self, place: int | slice) -> FileLine | Sequence[FileLine]:
        if self._lines is None:
            values = pickle.loads(self._packed)  # noqa: S301 (it comes from our own process)
            self._lines = [FileLine(*each) for each in values]
        return self._lines[place]
