"""What must hold after each fault: the invariants I1 to I7 of docs/ARCHITECTURE.md.

I1 and I5: each entry that a client was told of is in the journal once and over HTTP once, as it was told; what a client
was told was refused is not there; nothing else is there. I2: nobody has used more than the value limit; free weights
are recounted by `hushi verify`. I3: reports equal a plain recount. I4: `hushi verify`. I6: no trade is reversed twice.
I7: of no trade has more gone on than there is.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa

from service.domain.money import format_cny, format_kg
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.storage.tables import journal as journal_table
from service.storage.tables import transfer, transfer_line
from tests.recounting import read_journal
from tests.servers import run_hushi
from tests.torture.asking import Document, Log, Request, Wire, settle
from tests.torture.markets import Market

ASKED_AGAIN_MAX = 40
VALUE_LIMIT_FEN = 800_000
"""The limit of a resident's business day, in the days on which these markets trade (docs/RULES.md)."""
TOLD_MAX, LETTERS_TOLD_MAX = 5, 500
_TOLD = (
    "resident_id", "category", "quantity_kg", "amount_cny", "exempt_cny", "taxable_cny", "verdict", "day", "metadata",
    "reverses", "reason", "recorded_at", "kind",
)  # fmt: skip
"""What of an answer must be in the list of all entries."""
_GROUPINGS = ("", "category,origin", "day", "settlement", "group_id,category")


@dataclass
class Findings:
    """What a check has found: how many entries were acknowledged, and in words what is lost, doubled, or else wrong."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Whether everything is as it must be."""
        return not (self.lost or self.doubled or self.wrong)

    def add(self, other: "Findings") -> None:
        """Adds the findings of another ledger."""
        self.acknowledged += other.acknowledged
        self.lost += other.lost
        self.doubled += other.doubled
        self.wrong += other.wrong

    def told(self) -> str:
        """The first of each kind in words."""
        kinds = {"lost": self.lost, "doubled": self.doubled, "wrong": self.wrong}
        return "\n".join(f"{len(found)} {name}: {_first_of(found)}" for name, found in kinds.items() if found)


def _first_of(found: list[str]) -> str:
    return "; ".join(one[:LETTERS_TOLD_MAX] for one in found[:TOLD_MAX])


def check(market: Market, log: Log, chance: random.Random) -> Findings:
    """Asks about each unknown outcome, and then looks for all that the clients know, in every place it must be.

    The clients must be at rest. `chance` chooses the requests that are sent again.
    """
    findings, wire = Findings(), market.wire()
    findings.wrong += [
        f"{one.key} has no outcome after {one.tries} tries: {one.refused_for_now}" for one in settle(wire, log.unknown)
    ]
    _ask_again(wire, log, chance, findings)
    with market.opened() as ledger:
        entries, contracts = read_journal(ledger), contracts_in(ledger)
        findings.wrong += sent_on_wrongly(ledger)
    compare_with_journal(log, entries, findings)
    status, text, _ = wire.ask("GET", LIST)
    compare_with_list(log, entries, status, text, findings)
    compare_transfers(log, contracts, findings)
    findings.wrong += [*over_the_limit(entries), *reversed_twice(entries), *wrong_reports(wire, entries)]
    verified = run_hushi(market.environment, "verify", timeout=300)
    if verified.returncode != 0:
        findings.wrong.append(f"hushi verify: {verified.stdout.strip()} {verified.stderr.strip()}")
    findings.acknowledged = log.acknowledged
    wire.close()
    return findings


LIST = "/v1/transactions?format=ndjson"
"""The address of the list of all entries."""


def _ask_again(wire: Wire, log: Log, chance: random.Random, findings: Findings) -> None:
    """Sends some requests that have a final answer once more: it must be the same, and said to be a replay."""
    answered = [one for one in log if not one.is_unknown and not _is_forgotten(one)]
    for request in chance.sample(answered, min(ASKED_AGAIN_MAX, len(answered))):
        again = Request(request.kind, request.path, request.body, request.key, request.marks, tries=1)
        settle(wire, [again])
        if again.is_unknown:
            findings.wrong.append(f"{request.key} was answered, and has no answer now: {again.refused_for_now}")
        elif _without_id(again.meaning) != _without_id(request.meaning):
            findings.doubled.append(f"{request.key} was answered {request.meaning}, and again {again.meaning}")
        elif request.entries and not again.was_there:
            findings.doubled.append(f"{request.key}, a {request.kind}, was accepted twice: {again.answer}")


def _is_forgotten(request: Request) -> bool:
    """Whether the request, or a line of it, was refused without being remembered: sent again, it may be accepted."""
    answers = [request.answer, *(item.get("problem", {}) for item in request.answer.get("items", []))]
    codes = {answer.get("code") for answer in answers}
    return request.status in {400, 404, 413, 415} or not codes.isdisjoint({"batch-refused", "validation-failed"})


def _without_id(meaning: Any) -> Any:
    """An answer without the id of the request that got it; a batch tells it of each refused line, as it first was."""
    status, answer = meaning
    return status, {**answer, "request_id": None} if isinstance(answer, dict) else answer


def _mark_of(entry: Transaction) -> str:
    if entry.reverses is not None:
        return str(entry.reason)
    return entry.metadata.get("mark") or f"{entry.consignment}/{entry.resident}"


def _told_of(log: Log) -> dict[str, Document]:
    """What clients were told of each entry of the journal, by its id."""
    return {
        entry["transaction_id"]: entry for request in log if request.kind != "transfer" for entry in request.entries
    }


def compare_with_journal(log: Log, entries: list[Transaction], findings: Findings) -> None:
    """Looks in the journal for each entry that a client was told of, and for entries that no client was told of."""
    told, there = _told_of(log), Counter(str(entry.transaction_id) for entry in entries)
    findings.lost += [f"{each} is not in the journal" for each in told if each not in there]
    findings.doubled += [f"{each} is in the journal {count} times" for each, count in there.items() if count > 1]
    marks = Counter(_mark_of(entry) for entry in entries)
    findings.doubled += [f"{mark} is in the journal {count} times" for mark, count in marks.items() if count > 1]
    findings.wrong += [
        f"{entry.transaction_id} of {_mark_of(entry)} is in the journal, and no client was told of it"
        for entry in entries
        if str(entry.transaction_id) not in told and marks[_mark_of(entry)] == 1
    ]


def compare_with_list(log: Log, entries: list[Transaction], status: int, text: bytes, findings: Findings) -> None:
    """Looks in the answer to LIST for every entry of the journal, and for each value that a client was told of it."""
    *rows, last = [orjson.loads(line) for line in text.splitlines()]
    if status != 200 or last != {"count": len(rows)}:
        findings.wrong.append(f"the list of all entries ends with {last} after {len(rows)}")
    by_id = {row["transaction_id"]: row for row in rows}
    findings.wrong += [
        f"{row['transaction_id']} of {row['traded_at']} is of the day {row['day']}"
        for row in rows
        if not row["traded_at"].startswith(row["day"])
    ]
    findings.doubled += [
        f"{each} is listed twice" for each, n in Counter(r["transaction_id"] for r in rows).items() if n > 1
    ]
    findings.wrong += [
        f"{entry.transaction_id} is in the journal, and not over HTTP"
        for entry in entries
        if str(entry.transaction_id) not in by_id
    ]
    for each, told in _told_of(log).items():
        row = by_id.get(each)
        if row is None:
            findings.lost.append(f"{each} is not over HTTP")
        elif different := [name for name in _TOLD if name in told and told[name] != row[name]]:
            findings.lost.append(f"{each} was answered with another {different[0]} than it has now")


def contracts_in(ledger: Ledger) -> Counter[str]:
    """The contracts of all transfers; clients put their marks there."""
    with ledger.database.reading() as connection:
        return Counter(connection.execute(sa.select(transfer.c.contract)).scalars())


def compare_transfers(log: Log, contracts: Mapping[str, int], findings: Findings, *, has_unknown: bool = False) -> None:
    """Looks for each transfer that a client was told of, and for transfers that no client was told of.

    With `has_unknown` some requests have no outcome yet: then whatever was sent may be there.
    """
    sent = [request for request in log if request.kind == "transfer"]
    told = {mark for request in sent if request.is_acknowledged for mark in request.marks}
    findings.lost += [f"the transfer {mark} is not there" for mark in told if mark not in contracts]
    findings.doubled += [
        f"the transfer {mark} is there {count} times" for mark, count in contracts.items() if count > 1
    ]
    may_be = told | {mark for request in sent if has_unknown and request.is_unknown for mark in request.marks}
    findings.wrong += [
        f"the transfer {mark} is there, and no client was told" for mark in contracts if mark not in may_be
    ]


def sent_on_wrongly(ledger: Ledger) -> list[str]:
    """Trades of which more has gone on than there is."""
    gone = sa.func.sum(transfer_line.c.quantity_g)
    asked = (
        sa.select(journal_table.c.seq)
        .join(transfer_line, transfer_line.c.place == journal_table.c.seq)
        .group_by(journal_table.c.seq, journal_table.c.quantity_g)
        .having(gone > journal_table.c.quantity_g)
    )
    with ledger.database.reading() as connection:
        return [f"more of the trade at {seq} has gone on than there is" for seq in connection.execute(asked).scalars()]


def over_the_limit(entries: Iterable[Transaction]) -> list[str]:
    """Residents who have used more than the value limit on a day, or less than nothing."""
    used: dict[Any, int] = defaultdict(int)
    for entry in entries:
        used[entry.resident, entry.day] += entry.exempt_fen
    return [f"{who} has used {format_cny(fen)} CNY" for who, fen in used.items() if not 0 <= fen <= VALUE_LIMIT_FEN]


def reversed_twice(entries: Iterable[Transaction]) -> list[str]:
    """Trades that more than one entry reverses."""
    reversals = Counter(entry.reverses for entry in entries if entry.reverses is not None)
    return [f"{trade} is reversed {count} times" for trade, count in reversals.items() if count > 1]


def wrong_reports(wire: Wire, entries: list[Transaction]) -> Iterable[str]:
    """Reports whose total or rows are not a plain recount of these entries."""
    gone = {entry.reverses for entry in entries}
    live = [entry for entry in entries if entry.reverses is None and entry.transaction_id not in gone]
    for by in _GROUPINGS:
        path = f"/v1/reports/trade?from=2024-01-01&to=2033-12-31&compare=none&by={by}"
        document = orjson.loads(wire.ask("GET", path if by else path.removesuffix("&by="))[1])
        names = by.split(",") if by else []
        expected = {key: figures(of) for key, of in grouped(live, names).items()}
        rows = {tuple(row["key"][name] for name in names): _current(row) for row in document["rows"]}
        if _current(document["total"]) != figures(live):
            yield f"the total by {by!r} is {_current(document['total'])}, and the recount {figures(live)}"
        if by and rows != expected:
            yield f"the rows by {by!r} are {rows}, and the recount {expected}"


def grouped(live: Iterable[Transaction], names: list[str]) -> dict[tuple[str | None, ...], list[Transaction]]:
    """Live trades by what reports call these dimensions."""
    found = defaultdict(list)
    for trade in live:
        group = None if trade.group is None else f"G{trade.group:06d}"
        values = {"day": str(trade.day), "group_id": group}
        found[tuple(values[name] if name in values else getattr(trade, name) for name in names)].append(trade)
    return found


def figures(live: list[Transaction]) -> Document:
    """The measures of a report, counted plainly over live trades."""
    amount_fen, exempt_fen = sum(one.amount_fen for one in live), sum(one.exempt_fen for one in live)
    return {
        "amount_cny": format_cny(amount_fen),
        "exempt_cny": format_cny(exempt_fen),
        "taxable_cny": format_cny(amount_fen - exempt_fen),
        "quantity_kg": format_kg(sum(one.quantity_g for one in live)),
        "transactions": len(live),
        "participations": len({(one.resident, one.day) for one in live}),
        "residents": len({one.resident for one in live}),
    }


def _current(measures: Document) -> Document:
    return {name: each["current"] for name, each in measures.items() if isinstance(each, dict) and "current" in each}
