"""The sentences of a brief: messages of the catalogue, filled with words and with claims.

What may be said is decided in service.domain.brief; each language says it in messages of its own.
"""

from collections.abc import Iterator, Sequence

from service.domain.brief import Claim, Facts, Lang, NewCategory
from service.domain.brief.facts import Measure, Piece, category_claim
from service.domain.brief.movement import doublings
from service.rendering.brief.changes import base_names, changed, count_change, moved
from service.rendering.brief.days import base_day_words, day_words, period_words
from service.rendering.brief.figures import amount_words, heads_words, whole_words
from service.rendering.brief.pieces import Sentence, filled
from service.rendering.brief.processing import processing_sentence
from service.rendering.brief.scope import inside_of_a_sentence
from service.rendering.words import say, word

_DOUBLED = {1: "doubled", 2: "quadrupled"}
_MORE_THAN_DOUBLED = {1: "more_than_doubled", 2: "more_than_quadrupled"}
"""The messages about a stock that has doubled so many times, and about one that is a little more."""


def sentences_of(facts: Facts, lang: Lang) -> Iterator[Sentence]:
    """The sentences of the brief, in their order."""
    yield _without_trade(facts, lang) if facts.is_without_trade else _trade(facts, lang)
    if facts.told_processed is not None:
        yield processing_sentence(facts, facts.told_processed, lang)
    yield _registered(facts, lang)
    if facts.named_categories:
        yield _new_categories(facts.named_categories, lang)


def _trade(facts: Facts, lang: Lang) -> Sentence:
    return filled(
        "brief.trade",
        lang,
        period=period_words(facts.period, lang),
        amount=facts.claim("amount_cny", amount_words(facts.amount_fen.current, lang)),
        amount_change=_amount_change(facts, lang),
        directions=_directions(facts, lang),
        participations=_counted(facts, "participations", facts.participations.current, lang),
        participations_change=count_change(facts, "participations", lang),
        residents=_counted(facts, "residents", facts.residents.current, lang),
        residents_change=count_change(facts, "residents", lang),
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
    return filled("brief.directions", lang, first=parts[0], second=parts[1]) if parts else ()


def _without_trade(facts: Facts, lang: Lang) -> Sentence:
    nothing = facts.claim("amount_cny", word("brief.nothing", lang))
    base = _base_of_nothing(facts, lang)
    return filled("brief.without_trade", lang, period=period_words(facts.period, lang), nothing=nothing, base=base)


def _base_of_nothing(facts: Facts, lang: Lang) -> Sentence:
    """What the base period had, where the period itself had nothing."""
    named = base_names(facts, lang)
    if facts.base_is_without_trade:
        nothing = facts.claim("amount_cny", say(f"brief.nor.{facts.compare}", lang, **named))
        return filled("brief.nor", lang, nothing=nothing)
    if facts.movement_of("amount_cny") is None:
        return ()
    said = amount_words(facts.amount_fen.base, lang)
    if facts.compare == "custom":
        said = say("brief.but.amount.custom", lang, amount=said, **named)
    amount = facts.claim("amount_cny", said)
    return filled(f"brief.but.{facts.compare}", lang, amount=amount)


def _amount_change(facts: Facts, lang: Lang) -> Sentence:
    movement = facts.movement_of("amount_cny")
    if movement is not None:
        return filled("brief.amount_changed", lang, change=changed(facts, "amount_cny", movement, lang))
    if facts.base_is_without_trade:
        said = say(f"brief.no_trade.{facts.compare}", lang, **base_names(facts, lang))
        change = facts.claim("amount_cny", said)
        return filled("brief.amount_base_without_trade", lang, change=change)
    return filled("brief.amount_alone", lang)


def _registered(facts: Facts, lang: Lang) -> Sentence:
    heads = facts.registered.current
    said = say("brief.registered_some", lang, heads=heads_words(heads, lang))
    return filled(
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
    change = facts.claim("registered_at_end", moved(f"brief.registered_{kind}", movement, lang, **base))
    return filled("brief.registered_changed", lang, change=change)


def _new_categories(categories: Sequence[NewCategory], lang: Lang) -> Sentence:
    names = [inside_of_a_sentence("category", each.code, lang) for each in categories]
    first, *others = map(category_claim, categories, names)
    listed: list[Piece] = [first]
    for place, claim in enumerate(others, start=1):
        is_last = place == len(others)
        listed += [word("brief.before_the_last_category" if is_last else "brief.between_categories", lang), claim]
    return filled("brief.new_categories" if others else "brief.new_category", lang, categories=listed)
