"""Adds a rule file of the operator: checked, recorded as a fact of the register, and noted in the audit."""

from collections.abc import Sequence
from typing import NamedTuple

from service.commands.auditing import Caller, record
from service.domain.errors import ValidationFailed
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.rule_files import RuleChange
from service.ledger import Ledger
from service.rules.files import assess, rule_file_of
from service.rules.loading import read_files
from service.storage import facts, residents, rule_files
from service.storage.engine import Connection
from service.storage.rule_files import StoredRuleFile, digest_of_text

ADD_ACTION = "rules:add"
"""The action that the audit names; no resident belongs to it."""


class AddedFile(NamedTuple):
    """A file under its number. When `is_new` is false it was there already, and nothing has changed."""

    no: int
    name: str
    is_new: bool
    changes: Sequence[RuleChange] = ()


def add_rule_file(ledger: Ledger, text: str, request_id: str) -> AddedFile:
    """Records a file that passed the schema. Its rows judge the trades that are judged from then on.

    Raises ValidationFailed when its rows can't stand beside the rules that are there, and Unavailable when a file that
    is there is damaged; then nothing is recorded.
    """
    with ledger.database.writing() as connection:
        # No other command may add a file between the look at the newest one and the insertion.
        residents.lock_registrations(connection)
        head, digest = rule_files.find_head(connection), digest_of_text(text)
        for stored in rule_files.list_files(connection, head.no):
            if stored.sha256 == digest:
                return AddedFile(stored.id, stored.name, is_new=False)
        known = read_files(connection, head.no)
        file = rule_file_of(head.no + 1, text)
        assessment = assess(known, file)
        if assessment.faults:
            raise ValidationFailed("The file can't be added.", errors=tuple(assessment.faults))
        _record(connection, ledger, StoredRuleFile(file.no, file.name, text, digest, ledger.now(), OPERATOR_KEY_ID))
        caller = Caller(OPERATOR_KEY_ID, request_id)
        record(connection, ledger, caller, ADD_ACTION, f"rule file {file.no}: {file.name}")
        return AddedFile(file.no, file.name, is_new=True, changes=assessment.changes)


def _record(connection: Connection, ledger: Ledger, file: StoredRuleFile) -> None:
    rule_files.insert(connection, file)
    facts.add(connection, ledger.vault.macs.facts, "rule_file", [file.id])
