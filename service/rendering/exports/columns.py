"""The columns and rows of a report's document: one table, whether of rows with measures or of a series of buckets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

CellKind = Literal["text", "money", "weight", "count", "percent", "ratio", "figure"]
"""What values are; a `figure` is of the kind of its row, as in the claims of a brief."""

TOTAL = "total"
NO_KEY = "row"
"""The column that names the rows of a table without keys: its one row is the total."""

PARTS = ("current", "base", "change", "growth_pct", "ratio", "reason")

_KIND_OF_PART: dict[str, CellKind] = {"growth_pct": "percent", "ratio": "ratio", "reason": "text"}


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its name, what part of a measure it is (None for keys and shares), and what its values are.

    `line` is the key of a series' line, whose measure the whole table is of.
    """

    name: str
    part: str | None
    kind: CellKind
    line: tuple[tuple[str, str | None], ...] = ()

    @property
    def wire_name(self) -> str:
        """As machines know it: `amount_cny.growth_pct`, or `category=meat.current` of a series."""
        named = " ".join(f"{key}={value or ''}" for key, value in self.line) or self.name
        return named if self.part is None else f"{named}.{self.part}"


@dataclass(frozen=True, slots=True)
class ExportTable:
    """Rows of values as the JSON document has them: money and weight as text, counts as integers, null as None."""

    columns: Sequence[ExportColumn]
    rows: Sequence[Sequence[Any]]
    has_total: bool


def table_of(document: Mapping[str, Any]) -> ExportTable:
    """The table of a report's, a series' or a brief's document; a report's last row is its total."""
    if "claims" in document:
        return _claims_table(document)
    if "signals" in document:
        return _signals_table(document)
    if isinstance(document.get("total"), list):
        return _warnings_table(document)
    return _series_table(document) if "buckets" in document else _report_table(document)


def kind_of(measure: str, part: str) -> CellKind:
    """What the values of a measure's part are."""
    if part in _KIND_OF_PART:
        return _KIND_OF_PART[part]
    if measure.endswith("_pct"):
        return "percent"
    return "money" if measure.endswith("_cny") else "weight" if measure.endswith("_kg") else "count"


def _report_table(document: Mapping[str, Any]) -> ExportTable:
    keys = list(document["by"])
    shares = [ExportColumn("share_pct", None, "percent")] if any("share_pct" in row for row in document["rows"]) else []
    columns = [ExportColumn(name, None, "text") for name in keys or [NO_KEY]] + shares
    columns += [
        ExportColumn(measure, part, kind_of(measure, part))
        for measure, parts in document["total"].items()
        for part in PARTS
        if part in parts
    ]
    rows = (
        [] if not keys else [[*(row["key"][name] for name in keys), *_values(row, columns)] for row in document["rows"]]
    )
    total = {**document["total"], **({"share_pct": None} if shares else {})}
    rows.append([TOTAL, *([None] * (len(keys) - 1)), *_values(total, columns)])
    return ExportTable(columns, rows, has_total=True)


def _values(row: Mapping[str, Any], columns: Sequence[ExportColumn]) -> Iterator[Any]:
    for column in columns:
        if column.part is not None:
            yield row[column.name][column.part]
        elif column.name == "share_pct":
            yield row["share_pct"]


def _series_table(document: Mapping[str, Any]) -> ExportTable:
    measure = document["measure"]
    columns = [ExportColumn(document["interval"], None, "text")]
    lines: list[Sequence[Any]] = []
    for line in document["series"]:
        key = tuple(line["key"].items())
        for part in ("current", "base"):
            if part in line:
                columns.append(ExportColumn(measure, part, kind_of(measure, part), key))
                lines.append(line[part])
    rows = [[bucket, *(values[place] for values in lines)] for place, bucket in enumerate(document["buckets"])]
    return ExportTable(columns, rows, has_total=False)


def _claims_table(document: Mapping[str, Any]) -> ExportTable:
    kinds: dict[str, CellKind] = {
        "phrase": "text", "measure": "text", "current": "figure", "base": "figure", "growth_pct": "percent",
        "ratio": "ratio",
    }  # fmt: skip
    columns = [ExportColumn(name, None, kind) for name, kind in kinds.items()]
    return ExportTable(columns, [[claim[name] for name in kinds] for claim in document["claims"]], has_total=False)


def _warnings_table(document: Mapping[str, Any]) -> ExportTable:
    """First the rows by code and key, and then the total of each code, where `recorded_by_id` says so."""
    columns = [ExportColumn(name, None, "text") for name in ("code", "recorded_by_id", "recorded_by_name")]
    columns.append(ExportColumn("transactions", "current", "count"))
    rows = []
    for row in document["rows"]:
        recorder = row["recorded_by"] or {"id": "", "name": ""}
        rows.append([row["code"], str(recorder["id"]), recorder["name"] or "", row["transactions"]])
    rows += [[each["code"], TOTAL, "", each["transactions"]] for each in document["total"]]
    return ExportTable(columns, rows, has_total=False)


def _signals_table(document: Mapping[str, Any]) -> ExportTable:
    """A row for each figure that a signal compared, so that a program reads each without taking a text apart."""
    parties = ("subject", "buyer")
    named = [f"{party}_{part}" for party in parties for part in ("kind", "id", "name")]
    compared, counted = ("figure", "value", "comparator", "threshold"), ("transactions", "residents")
    texts = ("rule", *named, "from", "to", *compared)
    columns = [ExportColumn(name, None, "text") for name in texts]
    columns += [ExportColumn(name, None, "count") for name in counted]
    columns += [ExportColumn("amount_cny", None, "money"), ExportColumn("lists_others", None, "text")]
    columns += [ExportColumn(name, None, "text") for name in ("address", "transaction_ids")]
    rows = []
    for signal in document["signals"]:
        entries, period = signal["entries"], signal["period"]
        whom = [(signal[party] or {}).get(part) for party in parties for part in ("kind", "id", "name")]
        behind = [entries["transactions"], entries["residents"], entries["amount_cny"]]
        listed = [str(entries["lists_others"]).lower(), entries["address"], " ".join(entries["transaction_ids"])]
        for one in signal["compared"]:
            figures = [str(one[name]) for name in compared]
            rows.append([signal["rule"], *whom, period["from"], period["to"], *figures, *behind, *listed])
    return ExportTable(columns, rows, has_total=False)
