"""Tells the rules that are in force on a business day, and what a rule file would change."""

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.domain.allowance import SHIPPED, Rule, Rules
from service.domain.rulebook import Rulebook
from service.ledger import Ledger
from service.rules.files import Assessment, assess, rule_file_of
from service.rules.loading import read_files
from service.rules.names import names_with
from service.storage import rule_files
from service.storage.ledger_state import LedgerState
from service.storage.rule_files import digest_of_text


class FileName(NamedTuple):
    """A rule file, named."""

    no: int
    name: str


class RuleView(NamedTuple):
    """A rule in force, what it is called in each language, and its file; the file is None for a row that is shipped.

    `is_verified` says whether the rule is confirmed for the day.
    """

    rule: Rule
    is_verified: bool
    names: Mapping[str, str]
    file: FileName | None


class RulesInForce(NamedTuple):
    """The rules of a business day."""

    day: datetime.date
    rule_version: str
    rule_verified: bool
    value_limits: Sequence[RuleView]
    list_groups: Sequence[RuleView]
    categories: Sequence[RuleView]


def read_rulebook(ledger: Ledger) -> Rulebook:
    """The rulebook of this moment; this process says its names from now on. Raises Unavailable on a damaged file."""
    with ledger.database.reading() as connection:
        return ledger.rules.read(connection)


def follow_rulebook(ledger: Ledger, state: LedgerState) -> Rulebook:
    """The rulebook of a ledger state, or of a later one; it is read again when another file is the newest.

    Raises as `read_rulebook`, and DatabaseUnavailable.
    """
    known = ledger.rules.known_at(state.rules)
    return read_rulebook(ledger) if known is None else known


def rules_in_force(ledger: Ledger, day: datetime.date | None) -> RulesInForce:
    """The rules of a business day (today if None), each with its file. Raises Unavailable on a damaged file."""
    on = day or ledger.today()
    with ledger.database.reading() as connection:
        rules: Rules = ledger.rules.read(connection).on(on)
        files = read_files(connection, rule_files.find_head(connection).no)
    names, by_no = names_with(files), {file.no: FileName(file.no, file.name) for file in files}

    def view(rule: Rule, named: Mapping[str, str]) -> RuleView:
        """A rule with its names and its file."""
        no = rule.basis.file_no
        return RuleView(rule, rule.basis.is_verified_on(on), named, None if no == SHIPPED else by_no[no])

    return RulesInForce(
        day=on,
        rule_version=rules.version,
        rule_verified=rules.verified,
        value_limits=[view(rules.value_limit, {})],
        list_groups=[view(row, names["list_group"][name]) for name, row in rules.list_groups.items()],
        categories=[view(row, names["category"][name]) for name, row in rules.categories.items()],
    )


class AssessedFile(NamedTuple):
    """What would become of a file: `known_as` is its number when the ledger has it already."""

    known_as: int | None
    assessment: Assessment


def assess_rule_file(ledger: Ledger, text: str) -> AssessedFile:
    """What adding a file that passed the schema would do now. Raises Unavailable on a damaged file of the ledger."""
    with ledger.database.reading() as connection:
        head = rule_files.find_head(connection)
        digest = digest_of_text(text)
        for stored in rule_files.list_files(connection, head.no):
            if stored.sha256 == digest:
                return AssessedFile(stored.id, Assessment((), ()))
        return AssessedFile(None, assess(read_files(connection, head.no), rule_file_of(head.no + 1, text)))
