"""/metrics tells how old the newest backup is."""

import datetime
import pathlib
import re

import pytest

from service.storage.backup_folders import new_backup_file
from tests.servers import run_hushi, serving
from tests.waiting import wait_until


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_age_of_the_newest_backup_is_a_metric(environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "backups"
    kept = {**environment, "HUSHI_BACKUP_DIR": str(folder)}

    def metric(name: str) -> float | None:
        found = re.search(rf"^{name} (\S+)$", server.ask("GET", "/metrics")[1].decode(), re.MULTILINE)
        return None if found is None else float(found[1])

    with serving(kept, tmp_path / "log") as server:
        assert metric("hushi_backup_age_seconds") is None, "without a backup there is no age"
        begun = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=30)
        new_backup_file(folder, begun).touch()
        wait_until(lambda: metric("hushi_backup_age_seconds"))
        assert 108_000 <= (metric("hushi_backup_age_seconds") or 0) < 108_100
        assert abs((metric("hushi_newest_backup_time_seconds") or 0) - begun.timestamp()) < 2
        assert run_hushi(kept, "backup").returncode == 0
        wait_until(lambda: (metric("hushi_backup_age_seconds") or 1000) < 100)
