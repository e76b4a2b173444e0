"""Signals on a terminal: a table for each rule, in the words of the page of signals."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.rendering.words import say, word

Document = Mapping[str, Any]


def print_signals(out: Console, document: Document, lang: str) -> None:
    """Prints a report of signals: what a signal is, and for each rule its signals with what was compared."""
    days = f"{document['period']['from']} – {document['period']['to']}"
    out.print(Text(f"{word('report.period', lang)} {days} · {word('report.cut_off', lang)} {document['through']}"))
    out.print(Text(word("signals.note", lang)))
    out.print(Text(word("signals.audited", lang)))
    for rule in document["rules"]:
        own = [signal for signal in document["signals"] if signal["rule"] == rule["rule"]]
        out.print()
        if own:
            out.print(_table(rule, own, lang))
        else:
            named = word(f"signals.{rule['rule']}", lang)
            out.print(Text(f"{named}: {word('signals.none', lang)}"))
    out.print()
    out.print(Text(f"{word('report.position', lang)} {document['position']}"))


def _table(rule: Document, signals: list[Document], lang: str) -> Table:
    counted = "signals.counted" if rule["found"] == rule["shown"] else "signals.counted.some"
    caption = say(counted, lang, found=rule["found"], shown=rule["shown"])
    table = Table(
        title=word(f"signals.{rule['rule']}", lang),
        caption=caption,
        title_justify="left",
        caption_justify="left",
        show_header=False,
        show_lines=True,
    )
    for _ in range(2):
        table.add_column(overflow="fold")
    for signal in signals:
        # Texts, because a consignment's name is no markup.
        table.add_row(Text(_subject(signal, lang)), Text("\n".join(_lines(signal, lang))))
    return table


def _subject(signal: Document, lang: str) -> str:
    kind = "representative" if signal["rule"] == "never-self-declared" else signal["subject"]["kind"]
    return f"{word(f'signals.subject.{kind}', lang)}\n{_party(signal['subject'])}"


def _party(party: Document) -> str:
    return f"{party['name']} ({party['id']})" if party["name"] else str(party["id"])


def _lines(signal: Document, lang: str) -> Iterator[str]:
    for one in signal["compared"]:
        is_price = one["figure"] == "unit_price_cny_per_kg"
        name = f"{one['figure']}.{one['comparator']}" if is_price else one["figure"]
        yield say(f"signals.{name}", lang, value=one["value"], threshold=one["threshold"])
    if signal["buyer"] is not None:
        yield say(f"signals.buyer.{signal['buyer']['kind']}", lang, name=_party(signal["buyer"]))
    entries, period = signal["entries"], signal["period"]
    counted = {name: entries[name] for name in ("transactions", "residents")}
    behind = say("signals.behind", lang, amount=entries["amount_cny"], **counted)
    yield f"{behind} · {period['from']} – {period['to']}"
    yield str(entries["address"])
