"""The monthly bulletin: as data, as a workbook, and as a page that prints on A4 and needs nothing beside itself."""

import base64
import datetime
import hashlib
import importlib.resources
from functools import partial
from typing import Any

from flask import Response, render_template

from service.demo.mark import is_demo
from service.domain.bulletin import Bulletin
from service.domain.reports import Question
from service.http.context import app_context
from service.http.report_answers import HTML_MEDIA_TYPE, XLSX_MEDIA_TYPE, Export, answer_report, json_of
from service.http.request_context import request_context
from service.http.routes import JSON_MEDIA_TYPE, Routes
from service.http.web.refusal_pages import TAGS
from service.queries.enterprises import name_enterprises
from service.queries.reports import Answered, Reporter
from service.queries.residents import name_groups
from service.rendering.bulletin import BulletinQuerySchema, BulletinSchema, Edition, bulletin_document, workbook_of
from service.rendering.bulletin.charts import LEFT, WIDTH, charts_of
from service.rendering.bulletin.sheets import BulletinCell, sheets_of
from service.rendering.bulletin.workbook import footer_of, scope_of
from service.rendering.words import LANGUAGES, word
from service.storage.ledger_state import LedgerState

routes = Routes("Reports")

_STYLE = (importlib.resources.files("service.http.web") / "templates/bulletin.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@routes.get(
    "/v1/reports/bulletin",
    scope="reports:read",
    query=BulletinQuerySchema,
    answer=BulletinSchema,
    answers=(JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, XLSX_MEDIA_TYPE),
    positioned=True,
)
def get_bulletin(query: dict[str, Any]) -> Response:
    """The monthly tables of a bureau, exact at one position; HTML prints on A4, XLSX has a sheet for each table."""
    today = app_context().ledger.today()
    exports: dict[str, Export] = {
        JSON_MEDIA_TYPE: json_of,
        HTML_MEDIA_TYPE: partial(_page_of, lang=query["lang"], today=today),
        XLSX_MEDIA_TYPE: partial(_workbook_of, lang=query["lang"]),
    }
    ask, render = partial(_ask, today=today), partial(bulletin_document, today=today)
    response = answer_report(query, today, ask, render, exports)
    if response.mimetype == HTML_MEDIA_TYPE:
        response.headers.update(_PAGE_HEADERS)
    return response


def _ask(reporter: Reporter, question: Question, /, *, at: LedgerState, today: datetime.date) -> Answered[Bulletin]:
    return reporter.bulletin(question.period, today, question.filters)


def _edition(document: dict[str, Any], lang: str) -> Edition:
    """What a page and a workbook need beside the document; the JSON document is made without it."""
    chosen = request_context().chosen
    assert chosen is not None, "a bulletin is written after its source was chosen"
    ledger = chosen.source.ledger
    shown = [row["key"]["enterprise_id"] for row in document["processing_enterprises"]]
    return Edition(lang, name_groups(ledger), name_enterprises(ledger, shown), is_demo(ledger))


def _workbook_of(document: dict[str, Any], _through: datetime.date, *, lang: str) -> bytes:
    return workbook_of(document, _edition(document, lang))


def _page_of(document: dict[str, Any], _through: datetime.date, *, lang: str, today: datetime.date) -> bytes:
    edition = _edition(document, lang)
    return render_template(
        "bulletin.html",
        document=document,
        tag=TAGS[lang],
        word=partial(word, lang=lang),
        style=_STYLE,
        lang=lang,
        languages={each: word("language.name", each) for each in LANGUAGES},
        earlier=_month_before(document),
        later=_month_after(document, today),
        sheets=sheets_of(document, edition),
        charts=charts_of(document, lang),
        demo=edition.is_demo,
        footer=footer_of(document, edition),
        scope=scope_of(document, edition),
        point=next(iter(document["filters"].get("trade_point", [])), None),
        shown=_shown,
        width=WIDTH,
        left=LEFT,
    ).encode()


def _month_before(document: dict[str, Any]) -> str:
    """The month before. `previous_period` doesn't tell it: that of a month that is not over may begin earlier."""
    return f"{datetime.date.fromisoformat(document['period']['from']) - datetime.timedelta(days=1):%Y-%m}"


def _month_after(document: dict[str, Any], today: datetime.date) -> str | None:
    """The next month, unless it has not begun. After the last month of the calendar there is none."""
    last = datetime.date.fromisoformat(document["period"]["to"])
    return f"{last + datetime.timedelta(days=1):%Y-%m}" if last < today else None


def _shown(cell: BulletinCell) -> str:
    """A value as it is printed: thousands apart, decimals as they are, a real minus."""
    if cell.value is None or cell.kind == "text":
        return cell.note if cell.value is None else str(cell.value)
    whole, dot, decimals = str(cell.value).partition(".")
    return f"{int(whole):,}{dot}{decimals}".replace("-", "−") if whole != "-0" else f"−0{dot}{decimals}"
