"""Reports on a terminal: aligned tables in the language that is asked for, growth with a sign and an arrow."""

import datetime
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.rendering.words import word
from service.rendering.words.terms import key_heading, measure_heading, part_heading, value_name, warning_name

PIPED_WIDTH = 120
WIDTH_WITHOUT_END = 10_000
FIRST_MEASURES = (
    "amount_cny", "participations", "residents", "enterprises", "share_of_imports_pct",
    "registered_at_end", "registered_in_period", "participating", "amount_per_participation_cny",
)  # fmt: skip
"""What fits on a terminal; `--all` shows the others as well."""

FIGURES = ("current", "base", "growth_pct")
"""The parts of a measure that a line shows."""


def console() -> Console:
    """The terminal, or a plain text of a fixed width where the output is piped."""
    return Console() if sys.stdout.isatty() else Console(width=PIPED_WIDTH, no_color=True)


def print_report(out: Console, document: Mapping[str, Any], lang: str, cut_off: datetime.date, *, whole: bool) -> None:
    """Prints a report's document as a table: a line for each measure of each row, so that it fits most terminals.

    The keys of a row stand beside its measures, or above them where the terminal is too narrow. Where even that does
    not fit, each figure has a line of its own, which the terminal may break: no key and no digit is ever left out.
    """
    document = _without_missing_bases(document)
    for is_narrow in (False, True):
        table = _report_table(document, lang, cut_off, whole=whole, is_narrow=is_narrow)
        if out.measure(table, options=out.options.update(max_width=WIDTH_WITHOUT_END)).maximum <= out.width:
            out.print(table)
            return
    for line in _lines(document, lang, cut_off, whole=whole):
        out.print(line, soft_wrap=True)


def _without_missing_bases(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with current figures alone where there is no base period; the zeros for its bases mean nothing."""
    if document["base_period"] is not None:
        return document

    def alone(row: Mapping[str, Any]) -> dict[str, Any]:
        """A row, or the total."""
        return {
            name: {"current": value["current"]} if isinstance(value, Mapping) and "current" in value else value
            for name, value in row.items()
        }

    return {**document, "total": alone(document["total"]), "rows": [alone(row) for row in document["rows"]]}


def _lines(document: Mapping[str, Any], lang: str, cut_off: datetime.date, *, whole: bool) -> Iterator[Text]:
    """The same without a table."""
    by = document["by"]
    title, caption = _title_and_caption(document, lang, cut_off)
    yield Text(title)
    rows = [([_key(name, row["key"][name], lang) for name in by], row) for row in document["rows"] if by]
    for keys, row in [*rows, ([Text(word("part.total", lang), style="bold")], document["total"])]:
        yield Text("")
        yield Text(" · ", style="bold").join(keys)
        for name in _shown(document, whole=whole):
            yield Text(measure_heading(name, lang))
            figures = zip(FIGURES, _cells(row[name], lang), strict=False)
            for part, figure in figures:
                yield Text(f"  {part_heading(part, lang)} ") + figure
        if by and row.get("share_pct"):
            yield Text(f"{part_heading('share_pct', lang)} {row['share_pct']}")
    yield Text("")
    yield Text(caption)


def _report_table(
    document: Mapping[str, Any], lang: str, cut_off: datetime.date, *, whole: bool, is_narrow: bool
) -> Table:
    by = document["by"]
    title, caption = _title_and_caption(document, lang, cut_off)
    # A title that is longer than its table would be broken; in a narrow terminal it may be, at a blank.
    wide_enough = None if is_narrow else max(cell_len(title), cell_len(caption))
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left", min_width=wide_enough)
    for name in [] if is_narrow else by or [""]:
        table.add_column(key_heading(name, lang) if name else "", no_wrap=True)
    for heading, justify in _figure_columns(document, lang, is_narrow=is_narrow):
        table.add_column(heading, justify=justify, no_wrap=justify == "right", overflow="fold")
    shown = _shown(document, whole=whole)
    for row in document["rows"] if by else []:
        _add_lines(table, [_key(name, row["key"][name], lang) for name in by], row, shown, lang, is_narrow=is_narrow)
    total = [Text(word("part.total", lang), style="bold"), *([Text("")] * (len(by) - 1))]
    _add_lines(
        table, total[:1] if is_narrow else total, document["total"] | {"share_pct": None}, shown, lang,
        is_narrow=is_narrow,
    )  # fmt: skip
    return table


def print_warnings(console: Console, document: Mapping[str, Any], lang: str) -> None:
    """Prints a report of warnings: a section for each warning, with who recorded its trades, and its total."""
    title = f"{word('report.period', lang)} {_days(document['period'])}"
    caption = (
        f"{word('report.cut_off', lang)} {document['through']} · {word('report.position', lang)} {document['position']}"
    )
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for name in ("code", "recorded_by_name"):
        table.add_column(word(f"report.{name}", lang), overflow="fold")
    table.add_column(measure_heading("transactions", lang), justify="right", no_wrap=True)
    for total in document["total"]:
        for row in (row for row in document["rows"] if row["code"] == total["code"]):
            recorder = row["recorded_by"] or {"name": word("report.unstated", lang)}
            named = Text(recorder["name"] or str(recorder["id"]))  # A name is no markup.
            table.add_row("", named, f"{row['transactions']:,}")
        table.add_row(
            warning_name(total["code"], lang), word("part.total", lang), f"{total['transactions']:,}", style="bold"
        )
        table.add_section()
    console.print(table)


def _title_and_caption(document: Mapping[str, Any], lang: str, cut_off: datetime.date) -> tuple[str, str]:
    base = document["base_period"]
    against = f"{word('report.against', lang)} {_days(base)}" if base else word("report.not_compared", lang)
    title = f"{word('report.period', lang)} {_days(document['period'])} · {against}"
    if "on" in document:
        counted = word(f"report.on.{document['on']}", lang)
        title += f" · {word('report.on', lang)} {counted}"
    return title, f"{word('report.cut_off', lang)} {cut_off} · {word('report.position', lang)} {document['position']}"


def _shown(document: Mapping[str, Any], *, whole: bool) -> list[str]:
    return [name for name in document["total"] if whole or name in FIRST_MEASURES]


def _figure_columns(
    document: Mapping[str, Any], lang: str, *, is_narrow: bool
) -> Iterator[tuple[str, Literal["left", "right"]]]:
    yield word("report.measure", lang), "left"
    for part in FIGURES if document["base_period"] is not None else FIGURES[:1]:
        yield part_heading(part, lang), "right"
    if not is_narrow and document["by"] and any("share_pct" in row for row in document["rows"]):
        yield part_heading("share_pct", lang), "right"


def _add_lines(
    table: Table, keys: Sequence[Text], row: Mapping[str, Any], shown: Sequence[str], lang: str, *, is_narrow: bool
) -> None:
    """A section of the table: the keys stand beside its first measure only, or each on a line above."""
    for key in keys if is_narrow else []:
        table.add_row(key, style="bold")
    for place, name in enumerate(shown):
        beside = [] if is_narrow else keys if place == 0 else [Text("")] * len(keys)
        cells = [*beside, Text(measure_heading(name, lang)), *_cells(row[name], lang)]
        share = [Text(row.get("share_pct") or "" if place == 0 else "")]
        table.add_row(*cells, *(share if len(cells) < len(table.columns) else []))
    if is_narrow and row.get("share_pct"):
        table.add_row(Text(part_heading("share_pct", lang)), Text(row["share_pct"]))
    table.add_section()


def _cells(measure: Mapping[str, Any], lang: str) -> list[Text]:
    """Current, and where something is compared its base and its growth."""
    found = [Text(_number(measure["current"]))]
    if "base" in measure:
        found += [Text(_number(measure["base"])), growth(measure, lang)]
    return found


def growth(measure: Mapping[str, Any], lang: str) -> Text:
    """`▲ +385.84%`, `▼ −12.30%`, `= 0.00%`, `new` over a base of nothing, and a dash where nothing can be said."""
    percent = measure["growth_pct"]
    if percent is None:
        is_new = measure["reason"] == "base_zero"
        return Text(f"▲ {word('part.new', lang)}", style="green") if is_new else Text("—")
    if percent == "0.00" and measure["change"] in {0, "0.00", "0.000"}:
        return Text("= 0.00%")
    if percent.startswith("-"):
        return Text(f"▼ −{_thousands(percent[1:])}%", style="red")
    return Text(f"▲ +{_thousands(percent)}%", style="green")


def _number(value: Any) -> str:
    return "" if value is None else _thousands(str(value))


def _thousands(text: str) -> str:
    whole, point, fraction = text.partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole != "-0" else text


def _key(name: str, value: Any, lang: str) -> Text:
    return Text(value_name(name, value, lang))


def _days(period: Mapping[str, str]) -> str:
    return f"{period['from']} – {period['to']}"
