"""The documents of consignments and of proposed splits, for the API and the command line."""

from collections.abc import Callable
from typing import Any

from schemas.consignments import ConsignmentSchema, SplitProposalSchema
from service.domain.consignments import ConsignmentState
from service.domain.proposals import ProposedSplit

_CONSIGNMENT = ConsignmentSchema()
_PROPOSAL = SplitProposalSchema()

NameOf = Callable[[int], str | None]
"""Gives the name of an API key by its id."""


def consignment_document(state: ConsignmentState, name_of: NameOf) -> dict[str, Any]:
    """The document of a consignment, with what of each line is split and left."""
    stated, key = state.registered.stated, state.registered.recorded_by
    lines = [
        {
            "line": no,
            **line._asdict(),
            "split_g": given.quantity_g,
            "split_fen": given.amount_fen,
            "left_g": left.quantity_g,
            "left_fen": left.amount_fen,
        }
        for no, (line, given, left) in enumerate(zip(stated.lines, state.given, state.left, strict=True), 1)
    ]
    shown: dict[str, Any] = _CONSIGNMENT.dump(
        {
            **stated._asdict(),
            "lines": lines,
            "other_trades": state.other_trades,
            "transfers": [
                {
                    **one._asdict(),
                    "enterprise_id": one.enterprise,
                    "enterprise": {"enterprise_id": one.enterprise, "name": one.enterprise_name},
                }
                for one in state.transfers
            ],
            "recorded_at": state.registered.recorded_at,
            "recorded_by": None if key is None else {"id": key, "name": name_of(key)},
        }
    )
    return shown


def proposal_document(proposed: ProposedSplit) -> dict[str, Any]:
    """The document of a proposed split; lines are counted from 1."""
    parts = [
        {
            "line": line + 1,
            "name": proposed.names[entry.resident],
            **{name: getattr(entry, name) for name in _OF_AN_ENTRY},
        }
        for line, entry in proposed.entries
    ]
    shown: dict[str, Any] = _PROPOSAL.dump(
        {
            "proposal": proposed.token,
            "consignment": proposed.consignment,
            "day": proposed.day,
            "parts": parts,
            "no_room": [{**one._asdict(), "name": proposed.names[one.resident]} for one in proposed.no_room],
            "left": [{"line": no, **one._asdict()} for no, one in enumerate(proposed.left, 1)],
        }
    )
    return shown


_OF_AN_ENTRY = ("resident", "quantity_g", "amount_fen", "exempt_fen", "taxable_fen")
