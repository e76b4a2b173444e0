"""Idempotency keys: the same file gives the same keys, and two identical lines are two trades."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing.keys import KEY_LENGTH_MAX, LineKeys, document_key
from tests.importing.files import BODY, TRADE, only_error, read, trade, write_csv, write_workbook

UNNUMBERED = {heading: cell for heading, cell in TRADE.items() if heading != "单据号"}
trade_points = st.text(st.sampled_from("ab:"), min_size=1, max_size=4)


def keys_of(path: Path) -> list[str]:
    return [line.key for line in read(path)]


def test_a_key_of_its_own_comes_first(tmp_path: Path) -> None:
    assert keys_of(write_csv(tmp_path, trade(幂等键="k-1"), trade(幂等键=""))) == ["k-1", "doc:erenhot:D-1"]


def test_a_document_number_is_unique_per_trade_point(tmp_path: Path) -> None:
    assert keys_of(write_csv(tmp_path, trade(互市点="二连浩特"), trade(互市点="ceke"))) == [
        "doc:erenhot:D-1",
        "doc:ceke:D-1",
    ]


@pytest.mark.parametrize("number", ["单据一号", "D 1", "D\t1", "x" * 300, "é"])
def test_a_document_number_that_is_no_key_is_hashed(number: str) -> None:
    key = document_key("erenhot", number)
    assert key.startswith("dochash:")
    assert len(key) == len("dochash:") + 32
    assert key == document_key("erenhot", number)


@given(trade_points, trade_points, trade_points, trade_points)
def test_two_documents_never_share_a_key(point: str, reference: str, other_point: str, other_reference: str) -> None:
    same = (point, reference) == (other_point, other_reference)
    assert (document_key(point, reference) == document_key(other_point, other_reference)) is same


@pytest.mark.parametrize("key", ["a b", "键", "x" * (KEY_LENGTH_MAX + 1), "a\nb"])
def test_a_key_that_cant_be_one_is_told(tmp_path: Path, key: str) -> None:
    assert (
        only_error(write_csv(tmp_path, trade(key=key)))
        == "key: send 1 to 255 visible ASCII characters, or leave it out."
    )


def test_identical_lines_are_numbered_and_keep_their_keys_in_the_next_run(tmp_path: Path) -> None:
    other = UNNUMBERED | {"金额(元)": "1"}
    path = write_csv(tmp_path, UNNUMBERED, other, UNNUMBERED, UNNUMBERED)
    keys = keys_of(path)
    assert [key.rpartition(":")[2] for key in keys] == ["1", "1", "2", "3"]
    assert len(set(keys)) == 4
    assert keys_of(path) == keys


def test_keys_do_not_depend_on_spelling_column_order_or_blank_lines(tmp_path: Path) -> None:
    first = keys_of(write_csv(tmp_path, UNNUMBERED))
    turned = dict(reversed(UNNUMBERED.items()))
    spelled = turned | {"交易时间": "2024年4月1日 9:30", "金额(元)": "6,680.00", "原产国": "MN", "类别": "meat"}
    assert keys_of(write_csv(tmp_path, spelled)) == first
    assert keys_of(write_workbook(tmp_path, turned | {"金额(元)": 6680, "重量(千克)": 400.0})) == first


def test_the_same_line_in_ndjson_has_the_same_key(tmp_path: Path) -> None:
    in_a_table = keys_of(write_csv(tmp_path, UNNUMBERED | {"进出口": "进口", "互市点": "二连浩特"}))
    body = {name: value for name, value in BODY.items() if name != "reference"}
    spelled = body | {"quantity_kg": "400", "amount_cny": "6680.0", "traded_at": "2024-04-01T01:30:00Z", "seller": None}
    other = body | {"direction": "export"}
    path = tmp_path / "trades.ndjson"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in (body, spelled, other)))
    known = in_a_table[0].removesuffix(":1")
    assert keys_of(path)[:2] == [f"{known}:1", f"{known}:2"]
    assert not keys_of(path)[2].startswith(known)


def test_a_line_that_cant_be_read_does_not_change_the_keys_of_others(tmp_path: Path) -> None:
    bad = UNNUMBERED | {"原产国": "火星"}
    keys = keys_of(write_csv(tmp_path, UNNUMBERED, bad, UNNUMBERED))
    assert [keys[0], keys[2]] == keys_of(write_csv(tmp_path, UNNUMBERED, UNNUMBERED))


def test_the_hash_is_fixed_forever() -> None:
    # A later version that hashed otherwise would record a file again that was cut under this one.
    assert LineKeys().key_of({"b": "2", "a": "肉"}, None) == "line:9ea7d50d5f00b246641d5663e0372d4c:1"


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10), max_size=5))
def test_every_key_is_a_key_of_the_api(body: dict[str, str]) -> None:
    key = LineKeys().key_of(dict(body), None)
    assert 1 <= len(key) <= KEY_LENGTH_MAX
    assert all("!" <= letter <= "~" for letter in key)
