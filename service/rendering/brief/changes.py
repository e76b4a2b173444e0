"""What a sentence of a brief says of growth: how far a figure has moved, and from which base."""

from service.domain.brief import Claim, Facts, Lang
from service.domain.brief.facts import Measure
from service.domain.brief.figures import decimal_text
from service.domain.brief.movement import Movement
from service.rendering.brief.days import base_words, during_words
from service.rendering.brief.figures import times_words
from service.rendering.brief.pieces import Sentence, filled
from service.rendering.words import say


def count_change(facts: Facts, measure: Measure, lang: Lang) -> Sentence:
    """How far a count has moved; nothing where the base allows no statement."""
    movement = facts.movement_of(measure)
    if movement is None:
        return ()
    return filled("brief.count_changed", lang, change=changed(facts, measure, movement, lang))


def changed(facts: Facts, measure: Measure, movement: Movement, lang: Lang) -> Claim:
    """The claim of a movement against the base of the brief."""
    key = f"brief.change.{movement.kind}.{facts.compare}"
    return facts.claim(measure, moved(key, movement, lang, **base_names(facts, lang)))


def base_names(facts: Facts, lang: Lang) -> dict[str, str]:
    """What the base period is called, for the messages that name it: those of a base that the caller has named."""
    if facts.compare != "custom" or facts.base_period is None:
        return {}
    return {"base": base_words(facts.base_period, lang), "during": during_words(facts.base_period, lang)}


def moved(key: str, movement: Movement, lang: Lang, **more: str) -> str:
    """A message about a movement, with its size in percent and in times."""
    times = times_words(movement, lang) if movement.kind == "multiple" else ""
    return say(key, lang, size=decimal_text(movement.size, 100), times=times, **more)
