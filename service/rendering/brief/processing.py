"""The sentence of a brief about landing processing: what went on to it, its share of the imports, the enterprises."""

from service.domain.brief import Facts, Lang, Processed
from service.domain.brief.figures import decimal_text
from service.domain.brief.processed import PROCESSED, PROCESSORS
from service.rendering.brief.changes import base_names, count_change
from service.rendering.brief.figures import amount_words, whole_words
from service.rendering.brief.pieces import Sentence, filled
from service.rendering.words import say, word


def processing_sentence(facts: Facts, processed: Processed, lang: Lang) -> Sentence:
    """What of the period's imports has gone on to processing; where nothing has, what had of the base period's."""
    if processed.amount_fen.current == 0:
        return _nothing(facts, processed, lang)
    heads = processed.enterprises.current
    taken = say(f"brief.processors.{'one' if heads == 1 else 'many'}", lang, heads=whole_words(heads, lang))
    return filled(
        "brief.processing",
        lang,
        amount=facts.claim(PROCESSED, amount_words(processed.amount_fen.current, lang)),
        change=count_change(facts, PROCESSED, lang),
        share=_share(facts, processed, lang),
        processors=facts.claim(PROCESSORS, taken),
    )


def _share(facts: Facts, processed: Processed, lang: Lang) -> Sentence:
    said = processed.share_said
    if said is None:
        return ()
    size = decimal_text(said.size, 100)
    return filled(
        "brief.processing_shared",
        lang,
        share=facts.share_claim(processed, say(f"brief.share.{said.edge}", lang, size=size)),
    )


def _nothing(facts: Facts, processed: Processed, lang: Lang) -> Sentence:
    said = amount_words(processed.amount_fen.base, lang)
    base = say(f"brief.processing_base.{facts.compare}", lang, amount=said, **base_names(facts, lang))
    return filled(
        "brief.processing_nothing",
        lang,
        nothing=facts.claim(PROCESSED, word("brief.processing_none", lang)),
        base=facts.claim(PROCESSED, base),
    )
