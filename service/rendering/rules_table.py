"""The rules of a business day as a table on a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from service.rendering.words import say, word

_KINDS = ("value_limits", "list_groups", "categories")
_COLUMNS = ("kind", "says", "valid", "verified", "file", "legal_basis", "source")


def rules_table(document: Mapping[str, Any], lang: str) -> Table:
    """The rules as `GET /v1/rules` answers them, a row for each."""
    title = say("rules.title", lang, day=document["day"], version=document["rule_version"])
    table = Table(title=title, title_justify="left", show_lines=True)
    for name in _COLUMNS:
        table.add_column(word(f"rules.{name}", lang), overflow="fold")
    for kind in _KINDS:
        for row in document[kind]:
            table.add_row(*_cells(kind, row, lang))
    return table


def _cells(kind: str, row: Mapping[str, Any], lang: str) -> Iterator[str]:
    name = f"\n{row[lang]} ({row['name']})" if "name" in row else ""
    yield word(f"rules.{kind}", lang) + name
    yield "\n".join(_said(row, lang))
    yield f"{row['valid_from']} –\n{row['valid_to'] or ''}".rstrip()
    yield word("rules.yes" if row["verified"] else "rules.no", lang)
    yield word("rules.shipped", lang) if row["file"] is None else f"{row['file']['no']} {row['file']['name']}"
    yield row["legal_basis"]
    yield row["source"]


def _said(row: Mapping[str, Any], lang: str) -> Iterator[str]:
    if "limit_cny" in row:
        yield say("rules.limit", lang, cny=row["limit_cny"])
    if "free_kg" in row:
        yield say("rules.free", lang, kg=row["free_kg"])
    if "hs_prefixes" in row:
        yield f"HS {' '.join(row['hs_prefixes'])}"
    if row.get("hs_code_required"):
        yield word("rules.hs_code_required", lang)
