"""Log lines that can't be written are lost, counted and reported. No thread waits for a log line."""

import json
import logging
import os
import pathlib
import subprocess
import time
from collections.abc import Iterator

import pytest

import service.server.log_lines
from service.server.log_lines import LineStream, LogLines
from service.server.logs import LineHandler
from tests.small_disks import mounted


@pytest.fixture
def descriptor() -> Iterator[int]:
    """One that another file can be put behind."""
    made = os.open(os.devnull, os.O_WRONLY)
    yield made
    os.close(made)


def _put_behind(descriptor: int, path: pathlib.Path) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def test_lines_that_a_full_disk_lost_are_counted_and_told_when_there_is_room(
    descriptor: int, tmp_path: pathlib.Path
) -> None:
    lines, lost = LogLines(descriptor), list[int]()
    lines.on_loss(lost.append)
    _put_behind(descriptor, pathlib.Path("/dev/full"))
    for number in range(3):
        lines.write(f"lost {number}")
    lines.flush(5)
    assert sum(lost) == 3
    _put_behind(descriptor, tmp_path / "log")
    lines.write("kept")
    lines.write("kept, too")
    lines.flush(5)
    told, *kept = (tmp_path / "log").read_text("utf-8").splitlines()
    assert json.loads(told) == {"event": "log-lines-lost", "lines": 3, "level": "warning"}
    assert kept == ["kept", "kept, too"]


def test_half_a_line_is_ended_before_the_next(descriptor: int, tmp_path: pathlib.Path) -> None:
    with mounted(tmp_path / "disk", "4k") as disk:
        log = disk / "log"
        _put_behind(descriptor, log)
        lines = LogLines(descriptor)
        for letter in "ab":
            lines.write(letter * 3000)
            lines.flush(5)
        subprocess.run(["mount", "-o", "remount,size=64k", str(disk)], check=True)
        lines.write("c")
        lines.flush(5)
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        assert [line[:20] for line in log.read_text("utf-8").splitlines()] == [
            "a" * 20, "b" * 20, '{"lines": 1, "event"', "c",
        ]  # fmt: skip


def test_nobody_waits_for_a_pipe_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.server.log_lines, "LINES_WAITING_MAX", 50)
    reader, writer = os.pipe()
    lines, lost = LogLines(writer), list[int]()
    lines.on_loss(lost.append)
    began = time.monotonic()
    for _ in range(1000):
        lines.write("x" * 1000)
    lines.flush(0.1)
    assert time.monotonic() - began < 5
    assert sum(lost) > 0
    os.close(reader)  # A writer that waits for the pipe gets an error, and can end.
    lines.flush(5)
    os.close(writer)


def test_what_counts_may_fail_and_odd_texts_are_taken(descriptor: int, tmp_path: pathlib.Path) -> None:
    lines = LogLines(descriptor)
    lines.on_loss(lambda count: print(1 / 0))
    _put_behind(descriptor, pathlib.Path("/dev/full"))
    lines.write("lost")
    lines.flush(5)
    _put_behind(descriptor, tmp_path / "log")
    stream = LineStream(lines)
    print("half", end="", file=stream)
    print(" a \udc80 line", file=stream)
    lines.flush(5)
    assert (tmp_path / "log").read_text("utf-8").splitlines()[1:] == ["half a \\udc80 line"]


def test_a_record_that_can_not_be_put_into_words_harms_nobody() -> None:
    record = logging.LogRecord("n", logging.ERROR, __file__, 1, "%d", ("no number",), None)
    LineHandler().handle(record)


def test_a_process_that_is_forked_off_does_not_repeat_what_waits(descriptor: int, tmp_path: pathlib.Path) -> None:
    _put_behind(descriptor, tmp_path / "log")
    lines = LogLines(descriptor)
    lines.write("of the parent")
    if (child := os.fork()) == 0:
        lines.write("of the child")
        lines.flush(5)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    lines.flush(5)
    assert sorted((tmp_path / "log").read_text("utf-8").splitlines()) == ["of the child", "of the parent"]
