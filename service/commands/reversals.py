"""Reverses many trades in one request: all of them, or none."""

import functools
from uuid import UUID

from service.commands.together import Together, ToReverse
from service.domain.errors import AlreadyReversed, FieldError, NotFound, PersonalData, Refusal, ValidationFailed
from service.domain.idempotency import request_fingerprint
from service.domain.personal_data import redacted, refuse_personal_data
from service.domain.reversals import REVERSALS_MAX, TradesToReverse
from service.storage import consignment_trades
from service.storage.engine import Connection


def reverse_together(digest: bytes, request_id: str, asked: TradesToReverse, api_key: int) -> Together:
    """The request to reverse these trades, for the committer.

    It is refused with PersonalData, with NotFound, NotReversible or AlreadyReversed of the first trade that can't be
    reversed, and with ValidationFailed for a consignment of more than REVERSALS_MAX trades.
    """
    return Together(
        digest,
        _fingerprint(asked),
        request_id,
        functools.partial(_find, asked),
        functools.partial(_explain, asked),
        _fingerprint(_without_citizen_numbers(asked)),
        api_key,
    )


def _fingerprint(asked: TradesToReverse) -> bytes:
    ids = None if asked.transaction_ids is None else [one.hex for one in asked.transaction_ids]
    return request_fingerprint(asked.reason, ids, asked.consignment, asked.trade_point)


def _without_citizen_numbers(asked: TradesToReverse) -> TradesToReverse:
    return asked._replace(
        reason=redacted(asked.reason) or "",
        consignment=redacted(asked.consignment),
        trade_point=redacted(asked.trade_point) or "",
    )


def _find(asked: TradesToReverse, connection: Connection) -> list[ToReverse]:
    texts = [("/reason", asked.reason), ("/consignment", asked.consignment), ("/trade_point", asked.trade_point)]
    refuse_personal_data([(pointer, text) for pointer, text in texts if text is not None])
    ids = asked.transaction_ids
    if ids is None:
        ids = _live_trades(connection, asked.trade_point, asked.consignment or "")
    return [ToReverse(one, asked.reason) for one in ids]


def _live_trades(connection: Connection, trade_point: str, consignment: str) -> list[UUID]:
    """The live trades of a consignment, in the order in which the ledger accepted them."""
    found = consignment_trades.find_live(connection, trade_point, consignment, REVERSALS_MAX + 1)
    if len(found) > REVERSALS_MAX:
        detail = f"The consignment has more than {REVERSALS_MAX} live trades; send their ids, in several requests."
        raise ValidationFailed.of("/consignment", "too-many", detail)
    if found:
        return found
    reversal = consignment_trades.find_reversal(connection, trade_point, consignment)
    if reversal is None:
        raise NotFound(f"No trade of the consignment is in the ledger at {trade_point}; send one that has trades.")
    why = "Every trade of the consignment was reversed before."
    pointed = (FieldError("/consignment", AlreadyReversed.code, why),)
    raise AlreadyReversed(why, errors=pointed, reversal_id=str(reversal))


def _explain(asked: TradesToReverse, place: int, refusal: Refusal) -> Refusal:
    """The refusal of the whole request, with the pointer of the trade that is refused."""
    if not isinstance(refusal, PersonalData):
        pointer = "/consignment" if asked.transaction_ids is None else f"/transaction_ids/{place}"
        refusal.errors = (FieldError(pointer, refusal.code, refusal.detail),)
    return refusal
