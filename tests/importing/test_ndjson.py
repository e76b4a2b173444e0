"""NDJSON: bodies pass as they are; what is no single object is that line's error."""

import json
from pathlib import Path

import pytest

from service.importing import FileLine
from tests.importing.files import BODY, read, write_bytes

LINE = json.dumps(BODY, ensure_ascii=False)


def lines_of(folder: Path, *texts: str, encoding: str = "utf-8") -> list[FileLine]:
    return read(write_bytes(folder, "\n".join(texts).encode(encoding), "trades.ndjson"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_body_passes_as_it_is(tmp_path: Path, encoding: str) -> None:
    (line,) = lines_of(tmp_path, LINE, encoding=encoding)
    assert (line.number, line.body, line.key, line.raw) == (1, BODY, "doc:erenhot:D-1", LINE)


def test_the_key_is_taken_out_of_the_body(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, json.dumps(BODY | {"key": "k-1"}))
    assert (line.key, line.body) == ("k-1", BODY)


def test_wrong_types_are_left_to_the_schema(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, '{"amount_cny": 5, "reference": 7}')
    assert line.body == {"amount_cny": 5, "reference": 7}
    assert line.key.startswith("line:")


def test_blank_lines_are_left_out_and_still_counted(tmp_path: Path) -> None:
    assert [line.number for line in lines_of(tmp_path, "", LINE, "  \r", LINE, "")] == [2, 4]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": "1", "b": "2", "a": "1"}', 'The field "a" is there twice'),
        ('{"metadata": {"a": "1", "a": "2"}}', 'The field "a" is there twice'),
        ("[]", "JSON but no object"),
        ('"text"', "JSON but no object"),
        ("null", "JSON but no object"),
        ("{", "no JSON"),
        ("{} {}", "no JSON"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": "\\ud800"}', "can't carry"),
        ('{"a": 123456789012345678901234567890}', "can't carry"),
        ("[" * 200_000, "nested too deeply"),
        ('{"key": 5}', "key: send text"),
        ('{"key": "中"}', "key: send 1 to 255 visible ASCII"),
        ('{"key": ""}', "key: send 1 to 255 visible ASCII"),
    ],
)
def test_what_cant_be_read_is_an_error_of_its_line_only(tmp_path: Path, text: str, error: str) -> None:
    bad, good = lines_of(tmp_path, text, LINE)
    assert error in str(bad.error)
    assert bad.body is None
    assert good.body == BODY
