"""Masks: a short name is not shown whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.residents import mask_name


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("阿拉坦其其格", "阿****格"), ("巴特尔", "巴****尔"), ("李明", "李*"), ("欧阳", "欧*"), ("李", "*"),
        ("李·明", "李*"), ("Бо Ли", "Б****и"), ("Li", "L*"), ("Ө Ү", "Ө*"), ("李 明", "李*"), ("Á\u0328b", "Á\u0328*"),
        ("\u1820\u180b\u1822", "\u1820\u180b*"), ("\u1820\u180b", "*"),
    ],
)  # fmt: skip
def test_a_name_is_masked_by_its_length(name: str, mask: str) -> None:
    assert mask_name(name) == mask


letters = st.text(st.sampled_from("李明巴特尔Өү\u1820\u1822ab"), min_size=1, max_size=12)


@given(letters)
def test_a_mask_never_shows_all_letters(name: str) -> None:
    shown = mask_name(name).replace("*", "")
    assert len(shown) < len(name)
    assert len(shown) <= 2
