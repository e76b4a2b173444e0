"""Registers the residents of a clerk's table. It may run again: who is registered already is left as they are.

A refused line is told by its number and a reason, with its citizen number masked. It is written to no file, because a
file of lines that can be corrected and imported again would hold the numbers in clear text.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas.residents import RegistrationSchema
from service.commands.residents import Registration, refuse_impossible, register_all
from service.domain.errors import Refusal, ResidentExists
from service.domain.groups import group_id
from service.domain.name_search import search_form
from service.domain.residents import mask_citizen_number, resident_id
from service.domain.texts import normal_text
from service.importing.hiding import hidden_fields, hide_numbers
from service.importing.lines import FileLine, in_chunks
from service.ledger import Ledger
from service.queries.residents import KnownResident, find_known, groups_by_name

LINES_PER_COMMIT = 250
"""How many residents one transaction registers. On SQLite, posts wait until it is over."""
RACES_MAX = 5

_REGISTRATION = RegistrationSchema()


@dataclass(frozen=True, slots=True)
class RefusedRegistration:
    """A line that is not registered: its number in the file, the code, and the reason, which shows no number whole."""

    number: int
    code: str
    reason: str


@dataclass(slots=True)
class RegistrationTally:
    """How many lines were registered, how many were registered before, and how many were refused."""

    registered: int = 0
    known: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that can be registered, unless its citizen number is known."""

    number: int
    registration: Registration


@dataclass(slots=True)
class RegistrationImport:
    """One run over a table. With `writes=False` it says all that it would do, and does nothing."""

    ledger: Ledger
    refuse: Callable[[RefusedRegistration], None]
    writes: bool = True
    tally: RegistrationTally = field(default_factory=RegistrationTally)
    _groups: Mapping[str, Sequence[int]] = field(default_factory=dict)
    _seen: dict[bytes, _Line] = field(default_factory=dict)

    def run(self, lines: Iterable[FileLine], advance: Callable[[], None]) -> None:
        """Registers every line, counts it, and calls `advance` after each chunk, which is on disk then.

        Raises ImportFileError when the rest of the file can't be read, and what the database raises. The lines of
        earlier chunks stay registered and counted, and another run registers the rest.
        """
        self._groups = groups_by_name(self.ledger)
        for chunk in in_chunks(lines, LINES_PER_COMMIT):
            read = [line for line in map(self._read, chunk) if line is not None]
            self._register(read)
            advance()

    def _register(self, lines: Sequence[_Line]) -> None:
        """Registers those of a chunk whose numbers are not known. Another process may register one of them meanwhile.

        Then the chunk is looked at again.
        """
        for attempt in itertools.count(1):
            known = find_known(self.ledger, [line.registration.id_number for line in lines])
            fresh, others = self._sorted(lines, known)
            try:
                if self.writes and fresh:
                    register_all(self.ledger, [line.registration for line in fresh])
                break
            except ResidentExists:
                if attempt == RACES_MAX:
                    raise
        for line in fresh:
            self._seen[self._digest(line)] = line
        self.tally.registered += len(fresh)
        for line, refused in others:
            self._count(line, refused)

    def _sorted(
        self, lines: Sequence[_Line], known: Mapping[str, KnownResident]
    ) -> tuple[list[_Line], list[tuple[_Line, str | None]]]:
        """The lines to register, and the others with the reason why one is refused, or None when it is known."""
        fresh: dict[bytes, _Line] = {}
        others: list[tuple[_Line, str | None]] = []
        for line in lines:
            name, number = line.registration.name, line.registration.id_number
            digest = self._digest(line)
            before = self._seen.get(digest) or fresh.get(digest)
            if number in known:
                where = f"registered as {resident_id(known[number].ordinal)}"
                others.append((line, _other_name(name, known[number].name, number, where)))
            elif before is not None:
                where = f"in line {before.number}"
                others.append((line, _other_name(name, before.registration.name, number, where)))
            else:
                fresh[digest] = line
        return list(fresh.values()), others

    def _digest(self, line: _Line) -> bytes:
        return self.ledger.vault.digest(line.registration.id_number)

    def _count(self, line: _Line, reason: str | None) -> None:
        if reason is None:
            self.tally.known += 1
        else:
            self._refuse(line.number, ResidentExists.code, reason)

    def _refuse(self, number: int, code: str, reason: str) -> None:
        self.tally.refused += 1
        self.refuse(RefusedRegistration(number, code, reason))

    def _read(self, line: FileLine) -> _Line | None:
        """The registration of a line; None when the line is refused."""
        if line.body is None:
            self._refuse(line.number, "unreadable-line", hide_numbers(line.error or ""))
            return None
        try:
            body = {name: value for name, value in line.body.items() if name != "group"}
            read = _REGISTRATION.read(body)
            del read["group_id"]
            registration = Registration(group=self._group(line.body.get("group")), **read)
            refuse_impossible(registration)
        except Refusal as refusal:
            self._refuse(line.number, refusal.code, hidden_fields(refusal))
            return None
        except UnknownGroup as unknown:
            self._refuse(line.number, "unknown-group", hide_numbers(str(unknown)))
            return None
        return _Line(line.number, registration)

    def _group(self, named: object) -> int | None:
        """The group that a line names by its id or its name. Raises UnknownGroup."""
        if named is None:
            return None
        text = normal_text(str(named))
        found = self._groups.get(text.upper()) or self._groups.get(text) or []
        if not found:
            raise UnknownGroup(f'group: There is no group "{text}"; create it first, or send the id of another one.')
        if len(found) > 1:
            ids = ", ".join(map(group_id, found))
            raise UnknownGroup(f'group: Several groups are called "{text}": {ids}; send the id of one.')
        return found[0]


class UnknownGroup(Exception):
    """A line names a group that there is not, or a name that several groups have."""


def _other_name(name: str, known: str, number: str, where: str) -> str | None:
    """Why a known number is refused: it is somebody else's. None when the name is the same in any spelling."""
    if search_form(name) == search_form(known):
        return None
    masked = mask_citizen_number(number)
    return f"id_number: {masked} is {where} under another name; read the number and the name again."
