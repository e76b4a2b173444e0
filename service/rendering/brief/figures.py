"""Amounts, counts and multiples as the sentences of a brief say them, in the units of each language."""

from service.domain.brief.figures import cny_text, decimal_text, round_amount, round_heads_down
from service.domain.brief.movement import Movement
from service.domain.money import FEN_PER_CNY
from service.rendering.words import Lang, say, word

_ZEROS = (12, 9, 8, 6, 4)
"""The units of any language, the largest first, by their zeros; a language has no word for some of them."""

_COUNTS_GROWTH: frozenset[Lang] = frozenset({"zh"})
"""增长14倍 is growth by 14 times, to 15 times the base. English and Mongolian count the ratio, which is 15."""


def amount_words(amount_fen: int, lang: Lang) -> str:
    """An amount: 1.3亿元, about CNY 8.67 million, 8,530.55 юань."""
    rounded = round_amount(amount_fen)
    separator = word("brief.thousands", lang)
    said = say("brief.amount", lang, number=cny_text(rounded.value, separator))
    for unit, name in _rungs(lang):
        if rounded.value >= unit * FEN_PER_CNY:
            number = decimal_text(rounded.value, unit * FEN_PER_CNY, separator)
            said = say("brief.amount_scaled", lang, number=number, unit=name)
            break
    return said if rounded.is_exact else say("brief.about", lang, text=said)


def heads_words(heads: int, lang: Lang) -> str:
    """A count: 6100余, more than 35,000, 1.23 сая гаруй."""
    rounded = round_heads_down(heads)
    separator = word("brief.thousands", lang)
    for unit, name in _rungs(lang):
        if rounded.value >= unit:
            key = "brief.heads_scaled" if rounded.is_exact else "brief.heads_scaled_more"
            return say(key, lang, number=decimal_text(rounded.value, unit, separator), unit=name)
    number = whole_words(rounded.value, lang)
    return number if rounded.is_exact else say("brief.heads_more", lang, number=number)


def whole_words(number: int, lang: Lang) -> str:
    """A whole number, with its thousands apart where the language does that."""
    return f"{number:,}".replace(",", word("brief.thousands", lang))


def times_words(movement: Movement, lang: Lang) -> str:
    """How many times the base, or its growth: 约14 in 增长约14倍, about 15 times, twice."""
    tenths = movement.size if lang in _COUNTS_GROWTH else movement.ratio_tenths
    small = [each for each in word("brief.small_multiples", lang).split("|") if each]
    place = tenths // 10 - 2
    if tenths % 10 == 0 and 0 <= place < len(small):
        said = small[place]
    else:
        said = say("brief.times", lang, number=decimal_text(tenths, 10, word("brief.thousands", lang)))
    return said if movement.is_exact else say("brief.about", lang, text=said)


def _rungs(lang: Lang) -> list[tuple[int, str]]:
    named = [(10**zeros, word(f"unit.ten_to_{zeros}", lang)) for zeros in _ZEROS]
    return [(unit, name) for unit, name in named if name]
