"""The encoding of a clerk's file is found from the whole file, never from its beginning."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing import ImportFileError, open_lines
from service.importing.csv.encodings import PIECE_BYTES, find_encoding
from tests.importing.files import BODY, bodies, csv_text, trade, write_bytes, write_csv

ENGLISH = "resident_id,category,commodity,origin,quantity_kg,amount_cny,traded_at\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_file_says_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    assert bodies(write_csv(tmp_path, encoding=encoding)) == [BODY]


@pytest.mark.parametrize(("mark", "codec"), [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_unicode_text_of_excel_is_read_in_either_byte_order(tmp_path: Path, mark: bytes, codec: str) -> None:
    path = write_bytes(tmp_path, mark + csv_text([trade()], "\t", "\r\n").encode(codec), "trades.txt")
    assert bodies(path) == [BODY]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_first_chinese_character_after_two_megabytes_is_read_rightly(tmp_path: Path, encoding: str) -> None:
    line = "R00000001,meat,beef,MN,1,1,2024-04-01\n"
    text = ENGLISH + line * (2_000_000 // len(line) + 1) + line.replace("beef", "熟牛肉")
    path = write_bytes(tmp_path, text.encode(encoding))

    assert find_encoding(path) == encoding
    with open_lines(path) as lines:
        *_, last = lines
    assert last.body is not None
    assert last.body["commodity"] == "熟牛肉"


@pytest.mark.parametrize("shift", range(4))
def test_a_character_across_two_pieces_is_no_error(tmp_path: Path, shift: int) -> None:
    filling = "x" * (PIECE_BYTES - len(ENGLISH) - shift)
    path = write_bytes(tmp_path, (ENGLISH + filling + "蒙古\n").encode())
    assert find_encoding(path) == "utf-8"


def test_damaged_utf_8_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    text = csv_text([trade(品名="红烧牛肉罐头天然蜂蜜甜饼干")] * 3).encode()
    damaged = text.replace("天".encode(), b"\xb0\xa1", 2).replace(b"\xb0\xa1", "天".encode(), 1)
    with pytest.raises(ImportFileError, match="Line 3 is not UTF-8"):
        open_lines(write_bytes(tmp_path, damaged))


def test_bytes_of_no_encoding_name_their_lines(tmp_path: Path) -> None:
    content = ENGLISH.encode() + b"R1,meat,\xc8\xe2\nR1,meat,\xff\xff\n"
    with pytest.raises(ImportFileError, match=r"neither UTF-8 \(line 2 is not\) nor GB18030 \(line 3 is not\)"):
        open_lines(write_bytes(tmp_path, content))


def test_half_a_utf_16_character_names_its_line(tmp_path: Path) -> None:
    content = codecs.BOM_UTF16_LE + csv_text([trade()]).encode("utf-16-le") + b"\x41"
    with pytest.raises(ImportFileError, match="Line 3 is not UTF-16-LE"):
        open_lines(write_bytes(tmp_path, content))


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("heading", ["备案号", "resident_id"])
def test_utf_16_without_its_mark_says_so_and_is_read_by_its_name(tmp_path: Path, codec: str, heading: str) -> None:
    row = {heading if name == "备案号" else name: cell for name, cell in trade().items()}
    path = write_bytes(tmp_path, csv_text([row]).encode(codec))
    with pytest.raises(ImportFileError, match=f"UTF-16 without a byte order mark.*--encoding {codec}"):
        open_lines(path)
    with open_lines(path, codec) as lines:
        assert [line.body for line in lines] == [BODY]


@given(st.text(st.characters(codec="gb18030", exclude_characters="\0"), max_size=50))
def test_whatever_utf_8_holds_is_found_to_be_utf_8(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write_bytes(tmp_path_factory.mktemp("any"), ("备案号 " + text).encode())
    assert find_encoding(path) == "utf-8"


@given(st.text(st.characters(codec="gb2312", min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=50))
def test_chinese_in_gb18030_is_found_to_be_gb18030(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = write_bytes(tmp_path_factory.mktemp("any"), ("备案号,类别 " + text).encode("gb18030"))
    assert find_encoding(path) == "gb18030"
