"""The register as a process has seen it, when several threads ask about it at once."""

import pytest

from service.domain.chain import RegisterHead
from service.storage.faults import AnotherLedger
from service.storage.lineage import NOTHING_REGISTERED, Lineage, Seen


def test_two_threads_that_see_newer_facts_do_not_take_the_ledger_for_another_one() -> None:
    """One asks about the head that it knows while the other takes note of a newer one."""
    first, second = RegisterHead(1, b"first"), RegisterHead(2, b"second")
    lineage = Lineage()
    lineage.confirm(lineage.seen, None, first)
    asked_about = lineage.seen
    lineage.confirm(lineage.seen, first.mac, second)
    lineage.confirm(asked_about, first.mac, second)
    assert lineage.seen == Seen(0, second)


def test_who_still_hears_of_the_ledger_before_keeps_nothing_under_the_next_one() -> None:
    """Another thread has met another ledger meanwhile; the old one's word is no note of the new one."""
    first, second = RegisterHead(1, b"first"), RegisterHead(2, b"second")
    lineage = Lineage()
    lineage.confirm(lineage.seen, None, first)
    asked_about = lineage.seen
    with pytest.raises(AnotherLedger):
        lineage.confirm(asked_about, b"another", RegisterHead(1, b"another"))
    with pytest.raises(AnotherLedger):
        lineage.confirm(asked_about, first.mac, second)
    assert lineage.seen == Seen(1, NOTHING_REGISTERED)
