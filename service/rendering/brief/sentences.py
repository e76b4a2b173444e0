"""The sentences of a brief: messages of the catalogue, filled with words and with claims.

What may be said is decided in service.domain.brief; each language says it in messages of its own.
"""

import string
from collections.abc import Iterator, Sequence

from service.domain.brief import Claim, Facts, Lang, NewCategory
from service.domain.brief.facts import Measure, Piece, category_claim
from service.domain.brief.figures import decimal_text
from service.domain.brief.movement import Movement, doublings
from service.rendering.brief.days import base_day_words, base_words, day_words, during_words, period_words
from service.rendering.brief.figures import amount_words, heads_words, times_words, whole_words
from service.rendering.brief.scope import inside_of_a_sentence
from service.rendering.words import say, word

Sentence = Sequence[Piece]

_FORMATTER = string.Formatter()
_DOUBLED = {1: "doubled", 2: "quadrupled"}
_MORE_THAN_DOUBLED = {1: "more_than_doubled", 2: "more_than_quadrupled"}
"""The messages about a stock that has doubled so many times, and about one that is a little more."""


def sentences_of(facts: Facts, lang: Lang) -> Iterator[Sentence]:
    """The sentences of the brief, in their order."""
    yield _without_trade(facts, lang) if facts.is_without_trade else _trade(facts, lang)
    yield _registered(facts, lang)
    if facts.named_categories:
        yield _new_categories(facts.named_categories, lang)


def _filled(key: str, lang: Lang, **parts: str | Claim | Sentence) -> Sentence:
    """A message as pieces. A part of it may be a text, a claim, or pieces of another message."""
    filled: list[Piece] = []
    for text, name, _, _ in _FORMATTER.parse(word(key, lang)):
        part = () if name is None else parts[name]
        filled += [text, *([part] if isinstance(part, str | Claim) else part)]
    return [piece for piece in filled if piece]


def _trade(facts: Facts, lang: Lang) -> Sentence:
    return _filled(
        "brief.trade",
        lang,
        period=period_words(facts.period, lang),
        amount=facts.claim("amount_cny", amount_words(facts.amount_fen.current, lang)),
        amount_change=_amount_change(facts, lang),
        directions=_directions(facts, lang),
        participations=_counted(facts, "participations", facts.participations.current, lang),
        participations_change=_count_change(facts, "participations", lang),
        residents=_counted(facts, "residents", facts.residents.current, lang),
        residents_change=_count_change(facts, "residents", lang),
    )


def _counted(facts: Facts, measure: Measure, heads: int, lang: Lang) -> Claim:
    key = f"brief.{measure}.{'one' if heads == 1 else 'many'}"
    return facts.claim(measure, say(key, lang, heads=heads_words(heads, lang)))


def _directions(facts: Facts, lang: Lang) -> Sentence:
    """That the value is of imports and exports together, where it is, and how much of it is either."""

    def words_of(direction: str, fen: int) -> str:
        """A direction and its amount."""
        name = inside_of_a_sentence("direction", direction, lang)
        return say("brief.direction", lang, direction=name, amount=amount_words(fen, lang))

    parts = facts.direction_claims(words_of)
    return _filled("brief.directions", lang, first=parts[0], second=parts[1]) if parts else ()


def _without_trade(facts: Facts, lang: Lang) -> Sentence:
    nothing = facts.claim("amount_cny", word("brief.nothing", lang))
    base = _base_of_nothing(facts, lang)
    return _filled("brief.without_trade", lang, period=period_words(facts.period, lang), nothing=nothing, base=base)


def _base_of_nothing(facts: Facts, lang: Lang) -> Sentence:
    """What the base period had, where the period itself had nothing."""
    named = _base_names(facts, lang)
    if facts.base_is_without_trade:
        nothing = facts.claim("amount_cny", say(f"brief.nor.{facts.compare}", lang, **named))
        return _filled("brief.nor", lang, nothing=nothing)
    if facts.movement_of("amount_cny") is None:
        return ()
    said = amount_words(facts.amount_fen.base, lang)
    if facts.compare == "custom":
        said = say("brief.but.amount.custom", lang, amount=said, **named)
    amount = facts.claim("amount_cny", said)
    return _filled(f"brief.but.{facts.compare}", lang, amount=amount)


def _amount_change(facts: Facts, lang: Lang) -> Sentence:
    movement = facts.movement_of("amount_cny")
    if movement is not None:
        return _filled("brief.amount_changed", lang, change=_changed(facts, "amount_cny", movement, lang))
    if facts.base_is_without_trade:
        said = say(f"brief.no_trade.{facts.compare}", lang, **_base_names(facts, lang))
        change = facts.claim("amount_cny", said)
        return _filled("brief.amount_base_without_trade", lang, change=change)
    return _filled("brief.amount_alone", lang)


def _count_change(facts: Facts, measure: Measure, lang: Lang) -> Sentence:
    movement = facts.movement_of(measure)
    if movement is None:
        return ()
    return _filled("brief.count_changed", lang, change=_changed(facts, measure, movement, lang))


def _changed(facts: Facts, measure: Measure, movement: Movement, lang: Lang) -> Claim:
    key = f"brief.change.{movement.kind}.{facts.compare}"
    return facts.claim(measure, _moved(key, movement, lang, **_base_names(facts, lang)))


def _base_names(facts: Facts, lang: Lang) -> dict[str, str]:
    """What the base period is called, for the messages that name it: those of a base that the caller has named."""
    if facts.compare != "custom" or facts.base_period is None:
        return {}
    return {"base": base_words(facts.base_period, lang), "during": during_words(facts.base_period, lang)}


def _moved(key: str, movement: Movement, lang: Lang, **more: str) -> str:
    """A message about a movement, with its size in percent and in times."""
    times = times_words(movement, lang) if movement.kind == "multiple" else ""
    return say(key, lang, size=decimal_text(movement.size, 100), times=times, **more)


def _registered(facts: Facts, lang: Lang) -> Sentence:
    heads = facts.registered.current
    said = say("brief.registered_some", lang, heads=heads_words(heads, lang))
    return _filled(
        "brief.registered",
        lang,
        day=day_words(facts.registered_on, lang),
        registered=facts.claim("registered_at_end", said if heads else word("brief.registered_none", lang)),
        change=_registered_change(facts, lang),
    )


def _registered_change(facts: Facts, lang: Lang) -> Sentence:
    movement = facts.movement_of("registered_at_end")
    if movement is None:
        return ()
    doubled = doublings(facts.registered)
    kind: str = movement.kind
    if doubled is not None:
        is_exact = movement.kind == "multiple" and movement.is_exact
        kind = (_DOUBLED if is_exact else _MORE_THAN_DOUBLED)[doubled]
    base = {"day": base_day_words(facts.registered_base_on, lang), "base": whole_words(facts.registered.base, lang)}
    change = facts.claim("registered_at_end", _moved(f"brief.registered_{kind}", movement, lang, **base))
    return _filled("brief.registered_changed", lang, change=change)


def _new_categories(categories: Sequence[NewCategory], lang: Lang) -> Sentence:
    names = [inside_of_a_sentence("category", each.code, lang) for each in categories]
    first, *others = map(category_claim, categories, names)
    listed: list[Piece] = [first]
    for place, claim in enumerate(others, start=1):
        is_last = place == len(others)
        listed += [word("brief.before_the_last_category" if is_last else "brief.between_categories", lang), claim]
    return _filled("brief.new_categories" if others else "brief.new_category", lang, categories=listed)
