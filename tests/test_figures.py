"""The figures that the processes of a server share: what one process counts or notes, any other shows."""

import pathlib
import subprocess
import sys
import textwrap

import pytest

from service.figures.families import STALE_S, Counter, Family, Gauge, Histogram
from service.figures.memory import Counts

_PROGRAM = """
    import os, sys, time
    from service.figures.families import Counter, Gauge, Histogram
    from service.figures.memory import Counts

    COUNTED = Counter("counted", "Counted.", kind=("a", "b"))
    MONEY = Counter("money", "Money.", divided_by=100)
    NEWEST, SUM, MAX = (Gauge(of, "A gauge.", of_all=of) for of in ("newest", "sum", "max"))
    TOOK = Histogram("took", "Took.", (1.0, 2.0))

    def work(part):
        COUNTED.add(part + 1, "a")
        MONEY.add(10)
        for gauge in (SUM, MAX, NEWEST):
            gauge.set(float(part))
        TOOK.observe(part + 0.5)

    Counts.share(4)
    for part in range(3):
        Counts.take_part(part)
        if os.fork() == 0:
            work(part)
            os._exit(0)
        os.wait()
    print(COUNTED.values(), MONEY.values(), NEWEST.values(), SUM.values(), MAX.values(), TOOK.values())
    work(3)  # The process itself counts in the last part, whatever part the next process takes.
    print(COUNTED.values(), SUM.values())
"""


def _run(program: str) -> list[str]:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_processes_count_and_note_together() -> None:
    first, second = _run(_PROGRAM)
    assert first == ("{('a',): 6.0, ('b',): 0.0} {(): 0.3} {(): 2.0} {(): 3.0} {(): 2.0} {(): ([1.0, 1.0, 1.0], 4.5)}")
    assert second == "{('a',): 10.0, ('b',): 0.0} {(): 6.0}"


def test_apart_they_know_only_their_own() -> None:
    """The control: without the shared memory, the parent sees none of it."""
    first, _ = _run(_PROGRAM.replace("Counts.share(4)", "pass"))
    assert first.startswith("{('a',): 0.0, ('b',): 0.0} {(): 0.0} {} {} {}")


def test_a_gauge_of_a_process_that_has_ended_leaves_the_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("service.figures.families.time.monotonic", lambda: now)
    summed = Gauge("test_summed", "Summed.", of_all="sum")
    last = Gauge("test_last", "Last.")
    for gauge in (summed, last):
        assert gauge.values() == {}
        gauge.set(5)
    assert summed.values() == last.values() == {(): 5.0}
    now += STALE_S
    assert (summed.values(), last.values()) == ({}, {(): 5.0})


def test_a_label_or_a_name_that_was_not_declared_is_refused() -> None:
    counter = Counter("test_labels", "Labels.", kind=("a",))
    with pytest.raises(KeyError):
        counter.add(1, "b")
    with pytest.raises(AssertionError, match="declared twice"):
        Counter("test_labels", "Labels.")
    assert counter.values() == {("a",): 0.0}


def test_all_modules_of_the_package_are_declared_in_each_process() -> None:
    """A process that needs one module alone has the same places as all others."""
    program = "import service.figures.{} as _; from service.figures.families import Family; print(Family.layout())"
    modules = sorted(path.stem for path in pathlib.Path("service/figures").glob("[a-z]*.py"))
    assert len({_run(program.format(module))[0] for module in modules}) == 1 < len(modules)
    declared = Family.layout()
    Histogram("test_layout", "Changes the layout.", (1.0,))
    assert Family.layout() != declared


def test_memory_of_its_own_has_no_descriptor() -> None:
    assert Counts.descriptor() is None
