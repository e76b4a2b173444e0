"""How a process ends: with any thread of its own that fails, and with the process that started it.

A process whose writing thread has died would take requests and answer none. So it ends, and another takes its place.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable

EXIT_DIED = 70
"""The exit code of a process that can't go on (EX_SOFTWARE)."""
LOOK_FOR_THE_PARENT_S = 0.5
END_AFTER_THE_PARENT_S = 30
"""How long requests in flight may take once the parent is gone; then the process ends all the same."""

_parent: int | None = None


def end_with_any_thread() -> None:
    """Has the process end when one of its threads fails: no other thread does that thread's work."""
    threading.excepthook = _end_with_the_thread


def start_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """Starts a thread that the end of the process does not wait for."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _end_with_the_thread(failed: threading.ExceptHookArgs) -> None:
    name = None if failed.thread is None else failed.thread.name
    where = [] if failed.exc_value is None else code_path_of(failed.exc_value)
    end_at_once("thread-died", thread=name, error=failed.exc_type.__name__, where=where)


def end_at_once(why: str, **details: object) -> None:
    """Ends the process here and now, with a line in the log.

    Commands that have nothing to log do not load the log: it would take a third of their start.
    """
    with contextlib.suppress(Exception):  # The process ends also where its end can't be told.
        import structlog

        from service.server.logs import flush_logs

        structlog.get_logger().error(why, **details)
        flush_logs()
    os._exit(EXIT_DIED)


def be_the_parent() -> None:
    """Has processes that are forked off from now on know with whom to end, should they call `end_with_the_parent`."""
    global _parent  # noqa: PLW0603 (a process has one parent)
    _parent = os.getpid()


def end_with_the_parent() -> None:
    """Ends this process as if it was told to (SIGTERM) once its parent is gone, however that ended.

    Without the parent nobody folds, replaces what dies, or can stop it; and it would keep the port.
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
    """The lines of code that an error came through; not its message, which may name somebody."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    return frames[-8:]
