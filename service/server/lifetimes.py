"""How a process ends: when one of its threads fails, and when the process that started it ends.

A process whose writing thread has died would take requests and answer none. So it ends, and another takes its place.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import NoReturn

EXIT_DIED = 70
"""The exit code of a process that can't go on (EX_SOFTWARE)."""
LOOK_FOR_THE_PARENT_S = 0.5
END_AFTER_THE_PARENT_S = 30
"""How long running requests may take after the parent has ended; then the process ends without them."""

_parent: int | None = None


def end_with_any_thread() -> None:
    """Makes the process end when one of its threads fails, because no other thread does that thread's work."""
    threading.excepthook = _end_with_the_thread


def start_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """Starts a thread; the process does not wait for it when it ends."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _end_with_the_thread(failed: threading.ExceptHookArgs) -> None:
    name = None if failed.thread is None else failed.thread.name
    where = [] if failed.exc_value is None else code_path_of(failed.exc_value)
    end_at_once("thread-died", thread=name, error=failed.exc_type.__name__, where=where)


def end_at_once(why: str, **details: object) -> NoReturn:
    """Ends the process at once, and writes a line to the log first.

    The log's modules are loaded here and not at the top, because loading them takes a third of the start of a command,
    and most commands log nothing.
    """
    with contextlib.suppress(Exception):  # The process ends also when the line can't be written.
        import structlog

        from service.server.logs import flush_logs

        structlog.get_logger().error(why, **details)
        flush_logs()
    os._exit(EXIT_DIED)


def be_the_parent() -> None:
    """Notes this process as the parent of the processes that are forked off from now on (`end_with_the_parent`)."""
    global _parent  # noqa: PLW0603 (a process has one parent)
    _parent = os.getpid()


def end_with_the_parent() -> None:
    """Makes this process end, as if it got SIGTERM, after its parent has ended for any reason.

    Without the parent no process folds or replaces the processes that die, no one can stop this process, and it would
    keep the port.
    """
    if _parent is not None and _parent != os.getpid():
        start_thread(_outlive_nobody, "parent")


def _outlive_nobody() -> None:
    while os.getppid() == _parent:
        time.sleep(LOOK_FOR_THE_PARENT_S)
    import structlog

    structlog.get_logger().warning("parent-died")
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(END_AFTER_THE_PARENT_S)
    end_at_once("requests-did-not-end")


def code_path_of(error: BaseException) -> list[str]:
    """The last 8 lines of code that an error came through. The error's message is left out: it may name a person."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames[-8:]
