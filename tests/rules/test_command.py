"""hushi rules: list, check and add, also while a server judges."""

import json
import pathlib
import threading
import time
from typing import Any, Self

import pytest

from service.commands.keys import create_key
from service.commands.rules import add_rule_file
from service.domain.rule_files import FILE_BYTES_MAX
from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_key, a_registration
from tests.rules.rule_documents import NAMES, a_category, a_document, a_limit, a_list_group, a_repeal, a_text
from tests.rules.test_judging import SHIPPED, wheat
from tests.servers import call_hushi, run_hushi, serving

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "rules.json"
POSTS_AROUND_MIN = 3


def _written(folder: pathlib.Path, content: Any, name: str = "rules.json") -> str:
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
    return str(file)


def test_a_file_is_checked_added_and_listed(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    seed = a_list_group("rape_seed", hs_prefixes=["1205"], **NAMES)
    groups = [a_list_group(), a_repeal(), seed]
    limit = a_limit(valid_to="2024-12-31")
    file = _written(
        tmp_path, a_text("通知", value_limits=[limit], list_groups=groups, categories=[a_category(verified=False)])
    )
    for command in ("check", "add"):
        ran = call_hushi(environment, "rules", command, file)
        assert ran.exit_code == 0, ran.output
        for line in (
            "from 2024-05-01: the value limit: CNY 8000.00 → 5000.00",
            "from 2025-01-01: the value limit: as without this file",
            "from 2024-05-01: list group wheat: free kg 50.000 → 10.000",
            "from 2024-05-01: list group sugar: no longer holds",
            "from 2024-05-01: list group rape_seed: free kg 10.000, HS 1205, verified yes",
            "from 2024-05-01: category grain: HS code of an import not needed → needed",
        ):
            assert line in ran.output, line
    for command in ("check", "add"):
        again = call_hushi(environment, "rules", command, file)
        assert (again.exit_code, "is rule file 1 already" in again.output) == (0, True)
    listed = json.loads(call_hushi(environment, "rules", "list", "--day", "2024-06-30").output)
    assert listed["rule_version"] == "2024-05-01+1"
    assert {row["name"] for row in listed["list_groups"] if row["file"] == {"no": 1, "name": "通知"}} == {
        "wheat", "rape_seed",
    }  # fmt: skip
    table = call_hushi(environment, "rules", "list", "--day", "2024-06-30", "--format", "table").output
    assert all(word in table for word in ("2024-05-01+1", "油菜籽", "1 通知", "系统自带", "An invented notice"))


def test_the_example_can_be_added_and_says_that_it_is_invented(ledger: Ledger, environment: dict[str, str]) -> None:
    document = json.loads(EXAMPLE.read_text("utf-8"))
    rows = [row for kind in ("value_limits", "list_groups", "categories") for row in document.get(kind, ())]
    assert "invented" in document["name"].lower()
    assert all("invented" in row["source"].lower() and row["verified"] is False for row in rows)
    ran = call_hushi(environment, "rules", "add", str(EXAMPLE))
    assert ran.exit_code == 0, ran.output
    assert verify(ledger).transactions == 0


WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "/: This is no JSON (Expecting property name"),
    "no UTF-8": (b"\xff\xfe{", "/: The file is not UTF-8"),
    "no object": ([], "/: Send a JSON object."),
    "a member twice": ('{"name": "x", "name": "y"}', "/: The member 'name' is there twice"),
    "an unknown member": (a_document(limits=[]), "/limits: This field is not known"),
    "an unknown member of a row": (a_document(value_limits=[a_limit(note="x")]), "/value_limits/0/note: This field"),
    "no rows": (a_document(), "/: Send at least one row"),
    "no name": ({"value_limits": [a_limit()]}, "/name: Send this field."),
    "a number": (a_document(value_limits=[a_limit(limit_cny=8000)]), "/value_limits/0/limit_cny: Send text"),
    "a limit beyond the columns": (a_document(value_limits=[a_limit(limit_cny="10000000.01")]), "at most 10000000.00"),
    "a weight beyond the columns": (a_document(list_groups=[a_list_group(free_kg="1000000.001")]), "at most 1000000"),
    "no last day": (
        a_document(value_limits=[{k: v for k, v in a_limit().items() if k != "valid_to"}]), "the last day, or null"
    ),
    "a span without days": (a_document(value_limits=[a_limit(valid_to="2024-04-30")]), "/valid_to: Send"),
    "a day that is none": (a_document(value_limits=[a_limit(valid_from="2024-02-30")]), "/value_limits/0/valid_from:"),
    "verified as text": (a_document(value_limits=[a_limit(verified="yes")]), "/value_limits/0/verified: Send true or"),
    "a prefix of letters": (a_document(list_groups=[a_list_group(hs_prefixes=["10x"])]), "/hs_prefixes/0: Send 2"),
    "a prefix twice": (a_document(list_groups=[a_list_group(hs_prefixes=["10", "10"])]), "is there twice"),
    "no prefixes": (a_document(list_groups=[a_list_group(hs_prefixes=[])]), "Send 1 to 300 prefixes"),
    "a repealed weight": (a_document(list_groups=[a_repeal(free_kg="1")]), "/list_groups/0/free_kg: Leave it out"),
    "a repealed value limit": (a_document(value_limits=[a_limit(repealed=True)]), "/value_limits/0/repealed: This"),
    "one name of three": (a_document(list_groups=[a_list_group(zh="麦")]), "/list_groups/0/en: Send what it is called"),
    "a file that is too long": (a_text("x" * FILE_BYTES_MAX), "/: Send a file of at most 256 KiB."),
}  # fmt: skip


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_what_is_wrong_with_a_file_is_told_with_its_place(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, subtests: pytest.Subtests
) -> None:
    for kind, (content, said) in WRONG.items():
        for command in ("check", "add"):
            with subtests.test(kind, command=command):
                ran = call_hushi(environment, "rules", command, _written(tmp_path, content))
                assert (ran.exit_code, said in ran.stderr) == (1, True), ran.stderr
    with ledger.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM rule_file").scalar_one() == 0


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_day_that_is_none_is_a_wrong_question(ledger: Ledger, environment: dict[str, str]) -> None:
    ran = call_hushi(environment, "rules", "list", "--day", "30.6.2024")
    assert (ran.exit_code, "--day: Send a day as YYYY-MM-DD" in ran.stderr) == (2, True)


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_byte_order_mark_is_no_part_of_a_file(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    text = a_text(value_limits=[a_limit()])
    assert add_rule_file(ledger, text, "x").no == 1
    ran = call_hushi(environment, "rules", "add", _written(tmp_path, b"\xef\xbb\xbf" + text.encode()))
    assert "is rule file 1 already" in ran.output


class _Clerks:
    """Threads that post wheat to a server, one trade after the other, until they are stopped."""

    def __init__(self, server: Any, headers: dict[str, str]) -> None:
        self.posts: list[tuple[float, float, str]] = []
        self._server, self._headers, self._stopping = server, headers, threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        while not self._stopping.is_set():
            begun = time.monotonic()
            keyed = {**self._headers, "Idempotency-Key": a_key()}
            status, body, _ = self._server.ask("POST", "/v1/transactions", wheat("0.001", amount_cny="0.01"), keyed)
            assert status == 201, body
            self.posts.append((begun, time.monotonic(), body["rule_version"]))

    def wait_for(self, count: int) -> None:
        """Waits until so many more posts were answered."""
        until, wanted = time.monotonic() + 30, len(self.posts) + count
        while len(self.posts) < wanted and time.monotonic() < until:
            time.sleep(0.01)


@pytest.fixture
def headers(ledger: Ledger) -> dict[str, str]:
    """The headers of a caller who may do everything."""
    return {"Authorization": f"Bearer {create_key(ledger, 'clerk', ['admin'])[1]}"}


def test_running_servers_judge_by_a_file_from_the_end_of_the_command_on(
    ledger: Ledger, environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    file = _written(tmp_path, a_text(list_groups=[a_list_group()]))
    with serving(environment, tmp_path / "log") as server, serving(environment, tmp_path / "log-2") as second:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        with _Clerks(server, headers) as clerks, _Clerks(second, headers) as others:
            clerks.wait_for(POSTS_AROUND_MIN)
            others.wait_for(POSTS_AROUND_MIN)
            begun = time.monotonic()
            added = run_hushi(environment, "rules", "add", file)
            ended = time.monotonic()
            clerks.wait_for(POSTS_AROUND_MIN * 4)
            others.wait_for(POSTS_AROUND_MIN * 4)
        assert added.returncode == 0, added.stderr
        assert (server.stop(), second.stop()) == (0, 0)
    for posts in (clerks.posts, others.posts):
        before = {version for _, end, version in posts if end < begun}
        after = {version for begin, _, version in posts if begin > ended}
        assert (before, after) == ({SHIPPED}, {"2024-05-01+1"})
    assert verify(ledger).transactions == len(clerks.posts) + len(others.posts)
