"""Processes of a server that were stopped (SIGSTOP) end with it, and soon."""

import pathlib
import signal
import time

import psutil
import pytest

from service.ledger import Ledger
from service.server.folder import __name__ as folder_module
from tests.servers import live_children, serving
from tests.waiting import wait_until

ENDS_WITHIN_S = 10.0


def _is_folder(process: psutil.Process) -> bool:
    return folder_module in process.cmdline()


@pytest.mark.parametrize("stopped", ["folder", "workers", "all"])
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_server_ends_soon_and_leaves_nobody_behind(
    stopped: str, ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        wait_until(lambda: any(map(_is_folder, live_children(server.process.pid))))
        children = live_children(server.process.pid)
        for process in children:
            if stopped == "all" or _is_folder(process) is (stopped == "folder"):
                process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(ENDS_WITHIN_S) == 0
        assert time.monotonic() - began < ENDS_WITHIN_S
        gone, alive = psutil.wait_procs(children, 5)
        assert alive == []
        assert len(gone) == len(children)
