"""`hushi verify` finds what a faulty service would record of enterprises, transfers and batches: the register and the
digests fit, and the rules are broken. tests.verifying.sent_on tells what the ledger of these tests has."""

import pytest

from service.ledger import Ledger
from tests.tampering import RIGHT, verdict_after
from tests.verifying.test_sent_on import UNBOUND


def verdict(ledger: Ledger, *statements: str) -> str:
    """What `hushi verify` says after statements, when digests and MACs are right again."""
    unbound = UNBOUND["sqlite" if ledger.database.is_sqlite else "postgresql"]
    return verdict_after(ledger, *unbound, *statements, has_secrets=True)


def exchanged(one: str, other: str) -> list[str]:
    """Statements that put two facts into each other's places of the register; a fact is "kind id"."""
    (kind, own_id), (other_kind, other_id) = one.split(), other.split()
    return [
        f"UPDATE fact SET id = -1 WHERE kind = '{kind}' AND id = {own_id}",
        f"UPDATE fact SET kind = '{kind}', id = {own_id} WHERE kind = '{other_kind}' AND id = {other_id}",
        f"UPDATE fact SET kind = '{other_kind}', id = {other_id} WHERE id = -1",
    ]


def moved(one: str, before: str) -> list[str]:
    """Statements that put a fact before another one into the register; a fact is "kind id"."""
    (kind, own_id), (other_kind, other_id) = one.split(), before.split()
    return [
        "UPDATE fact SET no = no + 1000000",
        "UPDATE fact SET no = (no - 1000000) * 10",
        (
            f"UPDATE fact SET no = (SELECT no - 1 FROM fact WHERE kind = '{other_kind}' AND id = {other_id}) "
            f"WHERE kind = '{kind}' AND id = {own_id}"
        ),
    ]


LINE = "UPDATE transfer_line SET {} WHERE transfer = {} AND no = {}"
OF_T1 = "UPDATE transfer SET {} WHERE id = 1"

LINES = {
    "a line that is worth a fen more": (
        [LINE.format("amount_fen = amount_fen + 1", 1, 1), OF_T1.format("amount_fen = amount_fen + 1")],
        (
            "The trade at place 1 of the journal went on with line 1 of transfer T00000001 for 100002 fen instead of "
            "100001 fen."
        ),
    ),
    "more than there is": (
        [
            LINE.format("quantity_g = 50000, is_whole = true", 4, 1),
            "UPDATE transfer SET quantity_g = 50000 WHERE id = 4",
        ],
        "The trade at place 3 of the journal has fewer goods than have gone on with line 1 of transfer T00000004.",
    ),
    "what is paid for a line": (
        [LINE.format("paid_fen = paid_fen + 1", 1, 1), LINE.format("paid_fen = paid_fen - 1", 1, 2)],
        "What is paid for transfer T00000001 is divided otherwise than by its lines.",
    ),
    "what is paid for all lines": (
        [OF_T1.format("paid_fen = 150003")],
        "What is paid for transfer T00000001 is divided otherwise than by its lines.",
    ),
    "what nobody has stated": (
        [LINE.format("paid_fen = 1", 4, 1)],
        "What is paid for transfer T00000004 is divided otherwise than by its lines.",
    ),
    "the sum of weights": ([OF_T1.format("quantity_g = quantity_g + 1")], "Transfer T00000001 says 100001 g and "),
    "the sum of amounts": (
        [OF_T1.format("amount_fen = amount_fen + 1")],
        "Transfer T00000001 says 100000 g and 200003 fen, its lines 100000 g and 200002 fen.",
    ),
    "the number of lines": (
        [OF_T1.format("lines = 3")],
        "Transfer T00000001 does not have the lines 1 to 3 that it says.",
    ),
    "the numbers of lines": (
        [LINE.format("no = 3", 1, 2)],
        "Transfer T00000001 does not have the lines 1 to 2 that it says.",
    ),
    "the number of residents": (
        [OF_T1.format("residents = 2")],
        "Transfer T00000001 says that its goods were of 2 residents",
    ),
    "another trade point": ([OF_T1.format("trade_point = 'another'")], "Transfer T00000001 names the trade point "),
    "no trade point": ([OF_T1.format("trade_point = NULL")], "Transfer T00000001 names the trade point "),
    "one of two trade points": (
        ["UPDATE transfer SET trade_point = 'erenhot' WHERE id = 6"],
        "Transfer T00000006 names the trade point ",
    ),
    "another consignment": (
        [OF_T1.format("consignment = 'EB-1'")],
        "Line 1 of transfer T00000001 is of a trade of another consignment than the transfer.",
    ),
    "an export": (
        [LINE.format("place = 9", 1, 2)],
        "Line 2 of transfer T00000001 is of place 9 of the journal, where no import trade is.",
    ),
    "a reversal": (
        [LINE.format("place = 11", 1, 2)],
        "Line 2 of transfer T00000001 is of place 11 of the journal, where no import trade is.",
    ),
    "an entry that there is not": (
        [LINE.format("place = 99", 1, 2)],
        "Line 2 of transfer T00000001 is of place 99 of the journal, where no entry is.",
    ),
    "a trade that was reversed": (
        [
            LINE.format("place = 10", 1, 2),
            OF_T1.format("residents = 2"),
            "UPDATE transferred SET place = 10 WHERE place = 2",
        ],
        "The trade at place 10 of the journal is reversed, and goods of it have gone on.",
    ),
    "a day before the trade's": (
        [OF_T1.format("transferred_on = 20240629")],
        "Line 1 of transfer T00000001 is of a trade of 2024-06-30, which is after 2024-06-29.",
    ),
    "a whole trade that calls itself a part": (
        [LINE.format("is_whole = false", 1, 1)],
        "Line 1 of transfer T00000001 ",
    ),
    "a part that calls itself the whole": (
        [LINE.format("is_whole = true", 3, 2)],
        "Line 2 of transfer T00000003 says ",
    ),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_line_that_could_not_be_is_found(sent_on: Ledger, kind: str) -> None:
    statements, found = LINES[kind]
    assert verdict(sent_on, *statements).startswith(found)


OF_E1 = "UPDATE enterprise SET {} WHERE id = 1"
OF_STATUS = "UPDATE enterprise_status SET {} WHERE enterprise = 2 AND status = 'suspended'"
COULD_NOT = "Transfer T00000001 went to an enterprise that could not take it on its day: it "
ENTERPRISES = {
    "of another kind": ([OF_E1.format("processor = false")], f"{COULD_NOT}is no processor."),
    "registered later": ([OF_E1.format("valid_from = 20240701")], f"{COULD_NOT}is registered from 2024-07-01 on."),
    "ended before": ([OF_E1.format("valid_until = 20240629")], f"{COULD_NOT}was registered until 2024-06-29."),
    "suspended before, and it was known": (
        exchanged("enterprise_status 1", "transfer 4"),
        "Transfer T00000004 went to an enterprise that could not take it on its day: it is suspended.",
    ),
    "recorded later": (
        exchanged("enterprise 1", "transfer 1"),
        "Transfer T00000001 went to enterprise 1, which was not registered then.",
    ),
    "with a code that is none": (
        [OF_E1.format("credit_code = '91350100M000100Y44'")],
        "Enterprise E00000001 can't be read (ValueError: The check character",
    ),
    "with a code in lower case": (
        [OF_E1.format("credit_code = lower(credit_code)")],
        "Enterprise E00000001 has a credit code in another spelling.",
    ),
    "whose number is skipped": (
        ["UPDATE enterprise SET id = 9 WHERE id = 2", "UPDATE fact SET id = 9 WHERE kind = 'enterprise' AND id = 2"],
        "Enterprise E00000002 is missing, and E00000003 is there.",
    ),
    "with a status after its cancellation": (
        [OF_STATUS.format("status = 'cancelled'")],
        "Enterprise E00000002 has the status active from 2024-07-11 on: E00000002 is cancelled on 2024-07-11",
    ),
    "with a status before its registration": (
        [OF_STATUS.format("effective_on = 20200101")],
        "Enterprise E00000002 has the status suspended from 2020-01-01 on: ",
    ),
    "with a status that was recorded before": (
        exchanged("enterprise 2", "enterprise_status 2"),
        "Enterprise E00000002 had a status before it was registered.",
    ),
}


@pytest.mark.parametrize("kind", ENTERPRISES)
def test_an_enterprise_that_could_not_be_is_found(sent_on: Ledger, kind: str) -> None:
    statements, found = ENTERPRISES[kind]
    assert verdict(sent_on, *statements).startswith(found)


OF_B1 = "UPDATE processing_batch SET {} WHERE id = 1"
HAS = "Processing batch B00000001 has transfer T00000001, which "
BATCHES = {
    "of another enterprise": ([OF_B1.format("enterprise = 2")], f"{HAS}went to another enterprise."),
    "of goods for the second market": ([OF_T1.format("purpose = 'secondary_market'")], f"{HAS}is not for processing."),
    "before its goods came": ([OF_B1.format("processed_on = 20240629")], f"{HAS}went on after the day of processing."),
    "of a transfer that was recorded later": (
        exchanged("transfer 1", "processing_batch 1"),
        f"{HAS}was recorded later.",
    ),
    "of a transfer that was reversed in it": (
        ["UPDATE transfer_reversal SET transfer = 1 WHERE transfer = 3"],
        "Processing batch B00000002 has transfer T00000001, which is reversed.",
    ),
    "of a transfer that was reversed before": (
        moved("transfer_reversal 2", before="processing_batch 1"),
        "Processing batch B00000001 has transfer T00000003, which is reversed.",
    ),
    "of a transfer that was reversed before the batch was": (
        moved("transfer_reversal 2", before="processing_batch_reversal 1"),
        "Processing batch B00000001 has transfer T00000003, which is reversed.",
    ),
    "of a transfer in another batch": (
        ["UPDATE processing_batch_reversal SET processing_batch = 2 WHERE processing_batch = 1"],
        "Processing batch B00000002 has transfer T00000001, which B00000001 had already.",
    ),
    "of a transfer in another batch, which was reversed later": (
        exchanged("processing_batch_reversal 1", "processing_batch 2"),
        "Processing batch B00000002 has transfer T00000001, which B00000001 had already.",
    ),
    "of a transfer that is counted wrongly": (
        ["UPDATE processing_input SET nth = 7 WHERE batch = 2"],
        "Processing batch B00000002 has transfer T00000001, numbered 7 instead of 2 among its batches.",
    ),
    "without goods that came out": (
        [
            (
                "DELETE FROM fact WHERE kind = 'processing_output' AND id IN "
                "(SELECT id FROM processing_output WHERE batch = 3)"
            ),
            "DELETE FROM processing_output WHERE batch = 3",
        ],
        "Processing batch B00000003 lacks a transfer or goods that came out.",
    ),
    "with a gap among the goods that came out": (
        ["UPDATE processing_output SET no = 3 WHERE batch = 1 AND no = 2"],
        "Processing batch B00000001 lacks a transfer or goods that came out.",
    ),
    "without a transfer": (
        [
            (
                "DELETE FROM fact WHERE kind = 'processing_input' AND id IN "
                "(SELECT id FROM processing_input WHERE batch = 3)"
            ),
            "DELETE FROM processing_input WHERE batch = 3",
        ],
        "Processing batch B00000003 lacks a transfer or goods that came out.",
    ),
}


@pytest.mark.parametrize("kind", BATCHES)
def test_a_batch_that_could_not_be_is_found(sent_on: Ledger, kind: str) -> None:
    statements, found = BATCHES[kind]
    assert verdict(sent_on, *statements).startswith(found)


UNREADABLE = {
    "a line's amount": (LINE.format("amount_fen = 'x'", 1, 1), "Transfer T00000001, or a line of it, can't be read ("),
    "a transfer's day": (OF_T1.format("transferred_on = 'x'"), "Transfer T00000001, or a line of it, can't be read ("),
    "an enterprise's day": (OF_E1.format("valid_from = 'x'"), "Enterprise E00000001 can't be read ("),
    "a batch's day": (OF_B1.format("processed_on = 'x'"), "A batch of transfer 1 can't be read ("),
    "a sum": ("UPDATE transferred SET gone_g = 'x' WHERE place = 1", "The trade at place 1 of the journal is counted "),
    "a sum's trade": (
        "UPDATE transferred SET place = 'x' WHERE place = 8",
        "A row of what has gone on can't be read (",
    ),
    "the trade of each sum": (
        "UPDATE transferred SET place = 'x' || place",
        "A row of what has gone on can't be read (",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_row_that_can_not_be_read_is_named(sent_on: Ledger, kind: str) -> None:
    """SQLite keeps a text in a column of numbers."""
    if not sent_on.database.is_sqlite:
        pytest.skip("PostgreSQL stores no such value")
    statement, found = UNREADABLE[kind]
    assert verdict(sent_on, "PRAGMA ignore_check_constraints = ON", statement).startswith(found)


def test_right_digests_and_macs_alone_change_nothing(sent_on: Ledger) -> None:
    """The negative control: the helper that makes them right does not make a ledger wrong."""
    assert verdict(sent_on) == RIGHT
