"""Citizen numbers in free texts: found in every spelling, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.personal_data import has_citizen_number
from service.domain.residents import has_right_check_digit
from tests.builders import a_citizen_number

NUMBER, WITH_X = "152501199001011238", "15250119920305456X"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER, WITH_X, WITH_X.lower(), "152501198506150028",
        f"身份证{NUMBER}张", f"ID{NUMBER}A", f"no. {WITH_X.lower()}, cash", f"蒙A12345 {NUMBER}",
        "１５２５０１１９９００１０１１２３８", "152501１９９００１０１1238", "᠑᠕᠒᠕᠐᠑᠑᠙᠙᠐᠐᠑᠐᠑᠑᠒᠓᠘",
        "152501 19900101 1238", "152501-19900101-1238", "1525 0119 9001 0112 38", "152501 19920305 456x",
        "152501　19900101　1238", "15250119920305456Х", "152501\u200b199001011238",
        "1 5 2 5 0 1 1 9 9 0 0 1 0 1 1 2 3 8",
        "货 50 152501.19900101.1238",
        "(152501)19900101(1238)", "（152501）19900101（1238）", "152501*19900101*1238", "152501+19900101+1238",
        "152501|19900101|1238", "152501~19900101~1238", "152501～19900101～1238", "152501'19900101'1238",
        "【152501】【19900101】【1238】", "[152501][19900101][1238]", "《152501》“19900101”「1238」",
        "{152501}<19900101>1238", "15250119920305456×", "张三15250119920305456×。", "152501 19920305 456×",
        "15250119920305456Χ", "15250119920305456χ", "一五二五〇一一九九〇〇一〇一一二三八",
        "一五二五零一 一九九零零一零一 一二三八", "张三152501*19900101*1238",
        # By the letter of the rule: a right check digit, though the birth date does not exist.
        "152501197802290012",
    ],
)  # fmt: skip
def test_a_citizen_number_is_found(text: str) -> None:
    assert has_citizen_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "冻马肉", "DOC-9", NUMBER[:-1], NUMBER[:-1] + "7", WITH_X[:-1] + "1", f"1{NUMBER}",
        f"{NUMBER}0", f"20{NUMBER}",
        # The signs between the parts, the sign of multiplication and Han digits mean something else in other texts.
        "25 (16) 1.2*3.4*5.6 [2024] 10000000+1", "12×15×20×100×100×100×3", "12345678901234567×2", "15250119921305001×",
        "152501*19901301*1235", "992501*19900101*1234", "九九二五〇一一九九〇〇一〇一一二三四",
        "一二三四五六七八九〇一二三四五六七八",
        "三十八箱，一百二十五公斤",
        "2024-06-30T09:30:15.123456", "2024-06-30 09:30:15 1234", "01a22989-2c3e-7684-8dfd-20adf16fc02b",
        "+86 138 0000 0000 / +86 139 0000 0000", "6228 4800 1234 5678 901", "1602.50 25000 kg 16.67 CNY",
    ],
)  # fmt: skip
def test_other_texts_are_left_alone(text: str) -> None:
    assert not has_citizen_number(text)


around = st.text(st.characters(exclude_categories=["Cs", "Nd", "No", "Nl", "Cf", "Mn", "Me"]), max_size=20)


@given(st.integers(0, 10**6), around, around)
def test_every_number_is_found_whatever_stands_around_it(ordinal: int, before: str, after: str) -> None:
    assert has_citizen_number(f"{before}{a_citizen_number(ordinal)}{after}")


@given(st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_a_run_of_18_is_judged_by_its_check_digit_alone(run: str) -> None:
    assert has_citizen_number(run) == has_right_check_digit(run)


@given(st.from_regex(r"[0-9]{19,40}", fullmatch=True))
def test_a_longer_run_is_a_document_number(run: str) -> None:
    assert not has_citizen_number(run)
