"""Cyrillic in one byte a letter is never read as Chinese, and Chinese is still read."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.importing import ImportFileError, open_lines
from service.importing.csv.encodings import find_encoding
from service.importing.csv.scripts import CYRILLIC_CODECS
from tests.importing.files import csv_text, read, write_bytes, write_workbook

TRADE = {
    "resident_id": "R00000002",
    "category": "grain",
    "commodity": "flour",
    "origin": "RU",
    "quantity_kg": "380.5",
    "amount_cny": "6088.00",
    "traded_at": "2024/1/6 13:12",
    "seller": "",
}
# Words of an even length, which decode as Chinese: flour, meat, felt, sugar, Siberia, a firm, and Mongolian ones.
RUSSIAN = [("мука", "Сибирь"), ("мясо", "Восток"), ("Мука", "СИБИРЬ"), ("войлок", "Торг"), ("кофе", "Импорт")]
MONGOLIAN = [
    ("гурил", "Монгол"),
    ("ноолуур", "Говь-Алтай"),
    ("үхэр", "Хүнс"),
    ("өвс", "Өвс"),
    ("хонины мах", "Дорж ХХК"),
]
OF_ONE_BYTE = str.maketrans("ӨөҮү", "ЄєЇї")
"""Where the code pages of Mongolia have their letters: in the places of Ukrainian ones."""


def _file(folder: Path, words: list[tuple[str, str]], codec: str) -> Path:
    rows = [TRADE | {"commodity": commodity, "seller": seller} for commodity, seller in words]
    return write_bytes(folder, csv_text(rows).translate(OF_ONE_BYTE).encode(codec))


@pytest.mark.parametrize("codec", CYRILLIC_CODECS)
@pytest.mark.parametrize("words", [*([pair] for pair in RUSSIAN + MONGOLIAN), RUSSIAN, MONGOLIAN])
def test_cyrillic_of_one_byte_is_refused_with_the_way_out(
    tmp_path: Path, codec: str, words: list[tuple[str, str]]
) -> None:
    path = _file(tmp_path, words, codec)
    with pytest.raises(
        ImportFileError, match=r"Save it as UTF-8 .* or name its encoding: .*--encoding [a-z]"
    ) as refusal:
        open_lines(path)
    named = str(refusal.value).partition("--encoding ")[2].split(",")[0].rstrip(".")
    # Some words are words in two code pages.
    assert named in CYRILLIC_CODECS.values() or "neither" in str(refusal.value)
    with open_lines(path, CYRILLIC_CODECS[codec]) as lines:
        assert [line.body and line.body["commodity"] for line in lines] == [
            commodity.translate(OF_ONE_BYTE) for commodity, _ in words
        ]


CHINESE = [
    "面粉",
    "熟牛肉",
    "亚麻籽",
    "肉",
    "盐",
    "荞麦",
    "葵花籽",
    "罐头",
    "红烧牛肉罐头",
    "矿泉水",
    "冻马肉",
    "巧克力",
]
COUNTRIES_IN_CYRILLIC = "Говь Хүнс ХХК"


@pytest.mark.parametrize("commodity", CHINESE)
def test_chinese_goods_under_english_headings_are_read(tmp_path: Path, commodity: str) -> None:
    (line,) = read(write_bytes(tmp_path, csv_text([TRADE | {"commodity": commodity}]).encode("gb18030")))
    assert line.body is not None
    assert line.body["commodity"] == commodity


def test_cyrillic_that_is_gb18030_is_read(tmp_path: Path) -> None:
    """GB18030 has Cyrillic letters of its own, of two and of four bytes."""
    for commodity in ("面粉", "мука", "манка", "Хүнс"):
        row = TRADE | {"commodity": commodity, "seller": COUNTRIES_IN_CYRILLIC}
        (line,) = read(write_bytes(tmp_path, csv_text([row]).encode("gb18030")))
        assert line.body is not None
        assert (line.body["commodity"], line.body["seller"]) == (commodity, COUNTRIES_IN_CYRILLIC)


@given(st.text("абвгдежзийклмнопрстуфхцчшщъыьэюяё", min_size=2, max_size=12))
def test_any_cyrillic_word_of_gb18030_is_read(tmp_path_factory: pytest.TempPathFactory, word: str) -> None:
    content = csv_text([TRADE | {"commodity": word}]).encode("gb18030")
    assert find_encoding(write_bytes(tmp_path_factory.mktemp("any"), content)) == "gb18030"


@given(
    st.text(st.characters(codec="gb2312", min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=50),
    st.sampled_from(["肉类", "粮食"]),
)
def test_a_chinese_word_of_the_market_settles_it(
    tmp_path_factory: pytest.TempPathFactory, text: str, category: str
) -> None:
    row = TRADE | {"category": category, "seller": text}
    assert find_encoding(write_bytes(tmp_path_factory.mktemp("any"), csv_text([row]).encode("gb18030"))) == "gb18030"


@pytest.mark.parametrize(("seller", "codec"), [("Müller", "cp1252"), ("牛肉乾燥", "big5"), ("Žižkov", "cp1250")])
def test_other_encodings_are_not_read_as_chinese(tmp_path: Path, seller: str, codec: str) -> None:
    path = write_bytes(tmp_path, csv_text([TRADE | {"seller": seller}]).encode(codec))
    with pytest.raises(ImportFileError, match="Save it as UTF-8"):
        open_lines(path)
    with open_lines(path, codec) as lines:
        (line,) = lines
    assert line.body is not None
    assert line.body["seller"] == seller


@pytest.mark.parametrize(
    "commodity", ["牛肉", "马肉", "小麦粉", "羊肉（冻）", "蒙A", "мука", "Хүнс", "МЯСО", "소고기", "\u182e\u1823\u1829"]
)
@pytest.mark.parametrize("seller", ["卖方", "蒙古肉业", "甲公司"])
@pytest.mark.parametrize("headings", ["english", "chinese"])
def test_a_cell_of_utf_8_in_a_file_of_gb18030_is_refused(
    tmp_path: Path, commodity: str, seller: str, headings: str
) -> None:
    """Goods of UTF-8 were recorded as other words, because the seller proved the file to be Chinese."""
    row = TRADE | {"commodity": "UTF-8", "seller": seller}
    content = csv_text([TRADE | {"seller": seller}, row]).encode("gb18030").replace(b"UTF-8", commodity.encode())
    if headings == "chinese":
        content = content.replace(b"seller", "卖方名称".encode("gb18030"))
    with pytest.raises(ImportFileError) as refusal:
        open_lines(write_bytes(tmp_path, content))
    assert str(refusal.value).startswith(("The file mixes two encodings", "The file is neither UTF-8"))
    assert "is UTF-8, and other" not in str(refusal.value) or "on line 3 is UTF-8" in str(refusal.value)


@pytest.mark.parametrize(
    "seller", ["小学", "小谢", "谢小小", "新学校", "娅琪儿", "联通", "浠水县", "洱海", "绛县枣", "飑丂"]
)
def test_a_chinese_word_that_could_be_utf_8_by_accident_is_read(tmp_path: Path, seller: str) -> None:
    row = TRADE | {"commodity": "面粉", "seller": seller}
    (line,) = read(write_bytes(tmp_path, csv_text([row]).encode("gb18030")))
    assert line.body is not None
    assert line.body["seller"] == seller


@pytest.mark.parametrize(("commodity", "seller"), [("소고기", "판매자"), ("밀가루", "한국무역"), ("양고기", "김철수")])
def test_korean_of_two_bytes_is_refused_with_the_way_out(tmp_path: Path, commodity: str, seller: str) -> None:
    path = write_bytes(tmp_path, csv_text([TRADE | {"commodity": commodity, "seller": seller}]).encode("euc-kr"))
    with pytest.raises(ImportFileError, match="--encoding euc-kr, or --encoding gb18030"):
        open_lines(path)
    with open_lines(path, "euc-kr") as lines:
        assert [line.body and line.body["seller"] for line in lines] == [seller]


def test_a_word_across_two_pieces_is_one_word(tmp_path: Path) -> None:
    rows = [TRADE | {"commodity": "мука", "seller": "x" * shift} for shift in range(3_000)]
    with pytest.raises(ImportFileError, match="--encoding windows-1251, or --encoding gb18030"):
        open_lines(write_bytes(tmp_path, csv_text(rows).encode("cp1251")))


def test_an_encoding_that_is_named_wrongly_is_told(tmp_path: Path) -> None:
    path = write_bytes(tmp_path, csv_text([TRADE | {"seller": "мука"}]).encode())
    for name in ("klingon", "hex", "\0"):
        with pytest.raises(ImportFileError, match="is no encoding that is known"):
            open_lines(path, name)
    with pytest.raises(ImportFileError, match="Line 2 is not ascii"):
        open_lines(path, "ascii")
    with pytest.raises(ImportFileError, match="leave out --encoding"):
        open_lines(write_workbook(tmp_path), "utf-8")


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("name", ["trades.csv", "trades.ndjson"])
def test_a_mark_before_the_named_encoding_is_taken_off(tmp_path: Path, mark: bytes, name: str) -> None:
    content = csv_text([TRADE]).encode() if name.endswith("csv") else b'{"category": "meat"}'
    with open_lines(write_bytes(tmp_path, mark + content, name), "UTF-8") as lines:
        assert [line.error for line in lines] == [None]
