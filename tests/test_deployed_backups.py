"""The hourly backup and the weekly drill of deploy/systemd and docker-compose.yml: their command lines are run as the
files have them, on a real ledger and a real folder of backups."""

import pathlib
import re
from collections.abc import Callable, Iterator

import pytest
import yaml

from service.storage.backup_folders import list_backups
from tests.operating.preparations import TRADES, fill
from tests.operating.stories import Story, a_story, shows
from tests.servers import free_port

ROOT = pathlib.Path(__file__).parents[1]
UNITS = ROOT / "deploy/systemd"
BACKUPS, CREDENTIALS, ELSEWHERE = "/var/backups/hushi", "/etc/hushi/credentials", "/usr/local/share/hushi"
SECRETS = "/etc/hushi/secrets.json"
HOURS_OF_A_WEEK = 168


@pytest.fixture
def story(tmp_path: pathlib.Path, new_database: Callable[[], str], engine_name: str) -> Iterator[Story]:
    """A ledger with twelve trades and the settings of /etc/hushi/hushi.env; nothing else is in the environment."""
    with a_story(tmp_path, free_port(), engine_name) as told:
        fill(told, new_database())
        url = told.environment["HUSHI_DATABASE_URL"]
        told.path("/etc/hushi/hushi.env").write_text(f"HUSHI_DATABASE_URL='{url}'\n")
        for name in [name for name in told.environment if name.startswith("HUSHI_")]:
            del told.environment[name]
        yield told


def _script_of(unit: str) -> str:
    """What systemd does for a unit of the type oneshot, as a script: its settings win over those of the unit."""
    text = (UNITS / unit).read_text("utf-8").replace("%d", CREDENTIALS)
    settings = dict(re.findall(r"^([A-Z]\w+)=(.*)$", text, re.MULTILINE))
    credential, source = settings["LoadCredential"].split(":")
    assert settings["Type"] == "oneshot"
    return "\n".join(
        [
            f"(mkdir -p -m 700 {CREDENTIALS}; install -m 400 {source} {CREDENTIALS}/{credential}",
            *(f"export {line}" for line in re.findall(r"^Environment=(.+)$", text, re.MULTILINE)),
            f"set -a; . {settings['EnvironmentFile']}; set +a",
            f"cd {settings['WorkingDirectory']}; umask {settings['UMask']}",
            f"{settings['ExecStart']})",
        ]
    )


DRILLED = (
    f"…hushi-…Z.zip: {TRADES} transactions, 2 residents, … blocks, restored and verified in a temporary place, which…",
    "RTO … s: … s to restore, … s to verify.",
    "RPO … s: the backup is of …; the ledger has 0 transactions more. …",
)


@pytest.mark.parametrize(("engine_name", "folder"), [("sqlite", BACKUPS), ("postgresql", ELSEWHERE)])
def test_the_units_of_systemd_back_up_and_practise_restoring(story: Story, folder: str) -> None:
    """The folder is that of the units, or another one that the settings name: both units take that one.

    The settings may name a secrets file for commands. The units take the credential all the same.
    """
    with story.path("/etc/hushi/hushi.env").open("a") as settings:
        settings.write(f"HUSHI_SECRETS_FILE='{story.path('/etc/hushi/of-commands.json')}'\n")
        if folder != BACKUPS:
            settings.write(f"HUSHI_BACKUP_DIR='{story.path(folder)}'\n")
    code, printed = story.run(_script_of("hushi-backup.service"))
    assert (code, shows(printed, (f"{TRADES} transactions, … are in …Z.zip.",))) == (0, True), printed
    (made,) = list_backups(story.path(folder))
    assert made.file.stat().st_mode & 0o777 == 0o600
    code, printed = story.run(_script_of("hushi-drill.service"))
    assert (code, shows(printed, DRILLED)) == (0, True), printed
    assert str(made.file) in printed
    assert sorted(path.suffix for path in story.path("/var/lib/hushi").iterdir() if path.is_dir()) == []


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_drill_of_systemd_fails_when_the_backup_is_damaged(story: Story) -> None:
    assert story.run(_script_of("hushi-backup.service"))[0] == 0
    (made,) = list_backups(story.path(BACKUPS))
    content = bytearray(made.file.read_bytes())
    content[len(content) // 2] ^= 1
    made.file.write_bytes(content)
    code, printed = story.run(_script_of("hushi-drill.service"))
    assert (code, printed.startswith("WRONG: "), len(printed.splitlines())) == (1, True, 1), printed


def _compose(story: Story, rounds: int) -> tuple[int, str]:
    """Runs the container that backs up, for so many hours. An hour takes no time here."""
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]["backup"]
    shell, option, script = service["entrypoint"]
    environment = service["environment"]
    url = story.path("/etc/hushi/hushi.env").read_text().strip()
    sleep = story.folder / "bin/sleep"
    sleep.write_text(
        f'#!/bin/sh\ntest "$1" = 3600 && echo hour >>{story.folder}/hours\n'
        f"test $(wc -l <{story.folder}/hours) -lt {rounds} || kill $PPID\n"
    )
    sleep.chmod(0o755)
    own = story.path("/backups")
    own.mkdir()
    secrets = story.path(environment["HUSHI_SECRETS_FILE"])
    (story.folder / "script").write_text(script.replace("$$", "$").replace("/backups", str(own)))
    settings = f"HUSHI_BACKUP_DIR={own} HUSHI_SECRETS_FILE={secrets} {url}"
    assert environment["HUSHI_BACKUP_DIR"] == "/backups"
    run = (
        f'cp -p {SECRETS} {secrets}\nset +e\n{settings} {shell} {option} "$(cat {story.folder}/script)"\ntest $? = 143'
    )
    return story.run(run)


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_the_container_that_backs_up_practises_restoring_after_its_first_hour(story: Story) -> None:
    code, printed = _compose(story, 2)
    assert (code, shows(printed, DRILLED)) == (0, True), printed
    assert printed.count("RTO ") == 1
    assert len(list_backups(story.path("/backups"))) == 2


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_container_practises_every_week(story: Story) -> None:
    """The program is one that only says what it is asked for: three weeks have too many hours for the real one."""
    program = story.folder / "bin/hushi"
    program.write_text('#!/bin/sh\necho "$1 $2"\n')
    program.chmod(0o755)
    code, printed = _compose(story, 2 * HOURS_OF_A_WEEK + 2)
    lines = printed.splitlines()
    assert code == 0, printed
    assert lines.count("backup --keep") == 2 * HOURS_OF_A_WEEK + 2
    drills = [lines[:place].count("backup --keep") for place, line in enumerate(lines) if line == "restore --drill"]
    assert drills == [2, HOURS_OF_A_WEEK + 2, 2 * HOURS_OF_A_WEEK + 2]
