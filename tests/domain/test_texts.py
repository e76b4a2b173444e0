"""Texts in one spelling: invisible characters make no difference, and characters that spell a word stay."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.texts import normal_text

ODD = (
    "\u115f\u1160\u3164\U00016fe4\U0001d159"
    "\u00ad\u00a0\u034f\u061c\u1680\u180b\u180e\u1820\u182d\u2003\u200b\u200c\u200d\u200e\u202e\u202f\u2066\u2800\u3000"
    "\ufe0f\ufeff\U000e0101 \u0301e肉-"
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        *((" DOC-9", "DOC-9"), ("DOC-9 ", "DOC-9"), ("\tDOC-9\r\n", "DOC-9"), ("\u3000DOC-9\u00a0", "DOC-9")),
        *(("\ufeffDOC-9", "DOC-9"), ("DOC\u200b-9", "DOC-9"), ("\u202dDOC-9\u202c", "DOC-9"), ("DOC-9\u200e", "DOC-9")),
        *(("DOC\u00ad-9", "DOC-9"), ("DOC\u2060-9\u061c", "DOC-9"), ("9\ufe0f", "9"), ("\U000e0041DOC-9", "DOC-9")),
        *(("冻\u3000马肉", "冻 马肉"), ("冻\u00a0马肉", "冻 马肉"), ("冻 \u3000\u3000 马肉", "冻 马肉")),
        *(("冻\u202f马肉", "冻 马肉"), ("冻\u2003马肉", "冻 马肉"), ("e\u0301", "é"), ("e\u200b\u0301", "é")),
        # Two plain spaces can be seen, and are what somebody typed.
        *(("冻  马肉", "冻  马肉"), ("Замын-Үүд Мах ХХК", "Замын-Үүд Мах ХХК")),
        # Letters and signs that are drawn as a blank, or not at all.
        *((f"{blank}DOC-9{blank}", "DOC-9") for blank in "\u115f\u1160\u3164\uffa0\u2800\U00013441\U00013442"),
        *((f"冻{blank}马肉", "冻 马肉") for blank in "\u115f\u1160\u3164\uffa0"),
        *((f"DOC{sign}-9", "DOC-9") for sign in "\U00016fe4\U0001d159\u17b4"),
        *(("", ""), (" ", ""), ("\u200b", ""), ("\u3000\ufeff\u00a0", ""), ("\u2800", "")),
    ],
)
def test_what_nobody_sees_makes_no_difference(written: str, kept: str) -> None:
    assert normal_text(written) == kept


@pytest.mark.parametrize(
    "word",
    [
        "\u182d\u180e\u1820",  # a vowel separator between a letter and its final vowel
        "\u182d\u180b\u1824",  # a variation selector
        "\u182d\u180b\u180e\u1820",  # both
        "\u1820\u182f\u202f\u1836\u1822",  # a narrow no-break space before a suffix
        "\u182e\u200d",  # a joiner that asks for another shape of the letter
        "\u1820\u200c\u1820",
    ],
)
def test_mongolian_words_keep_the_characters_that_spell_them(word: str) -> None:
    assert normal_text(word) == word
    assert normal_text(f"\u3000{word}\u200b") == word


@pytest.mark.parametrize("joiner", "\u180b\u180e\u180f\u200c\u200d")
def test_elsewhere_the_same_characters_are_taken_off(joiner: str) -> None:
    assert normal_text(f"T{joiner}-1") == "T-1"


def test_the_shape_of_an_ideograph_may_be_chosen() -> None:
    assert normal_text("葛\U000e0101城") == "葛\U000e0101城"
    assert normal_text("T-1\U000e0101") == "T-1"


@given(st.text(st.sampled_from(ODD), max_size=8) | st.text(max_size=8))
def test_a_kept_text_is_its_own_spelling(text: str) -> None:
    kept = normal_text(text)
    assert normal_text(kept) == kept
    assert kept == kept.strip()
    assert unicodedata.is_normalized("NFC", kept)
    # Nothing that can be seen is lost.
    seen = [letter for letter in unicodedata.normalize("NFC", kept) if unicodedata.category(letter)[0] in "LNPS"]
    assert [c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c)[0] in "NP"] == [
        c for c in seen if unicodedata.category(c)[0] in "NP"
    ]


@pytest.mark.parametrize(
    "text", [f"a{' ' * 200_000}b ", f"a{' ' * 200_000}b\u3000c", "\u180b" * 200_000, "\u3000 " * 100_000]
)
def test_a_long_text_takes_no_longer_than_its_length(text: str) -> None:
    started = time.process_time()
    normal_text(text)
    assert time.process_time() - started < 2
