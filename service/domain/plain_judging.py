"""Judges the plain trades of a long batch: what many lines have in common is looked up once, and no line raises.

`PlainJudge.accept` gives exactly the entry that `Judge.accept` (service.judging) gives, or None before it has changed
anything. Then `Judge.accept` judges the trade, and says why when it refuses it.
"""

import datetime
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP, ListGroup, Rules, Use, exempt_parts
from service.domain.errors import PersonalData, Refusal
from service.domain.personal_data import NUMBER_LENGTH
from service.domain.prices import UsualPrices
from service.domain.residents import Eligibility
from service.domain.rulebook import Rulebook
from service.domain.transactions import (
    CLOCK_SKEW_MAX,
    Trade,
    Transaction,
    recorded,
    refuse_citizen_numbers,
    refuse_impossible,
)
from service.domain.warnings import near_limit_from, stored_warnings

PLAIN_FROM_ENTRIES = 8
"""In a shorter batch, lines have too little in common."""
_EXPORT_IS_NEVER_NEAR = 1
"""Nothing is used by an export, which therefore is never near the limit of 1 fen."""


class Observing(Protocol):
    """What is known of trades beside the rules (service.storage.observing)."""

    doubles: dict[Any, Any]

    def fixed_usual(self, commodity: str, direction: str, day: datetime.date) -> UsualPrices | None:
        """The usual prices of a window when they stay the same for the whole batch, else None."""

    def warnings_of(
        self, trade: Trade, day: datetime.date, transaction_id: UUID, rules: Rules, used_fen: int
    ) -> str | None:
        """The warnings of a trade, as its entry stores them."""


class _Goods:
    """What the trades of a day in the same goods have in common; `usual` is None until it is known."""

    __slots__ = ("group", "list_group", "near_fen", "rules", "usual", "verified", "warnings")

    def __init__(self, rules: Rules, group: ListGroup | None, warnings: str | None, *, is_import: bool) -> None:
        self.rules, self.group, self.warnings = rules, group, warnings
        self.list_group = None if group is None else group.name
        self.near_fen = near_limit_from(rules.limit_fen) if is_import else _EXPORT_IS_NEVER_NEAR
        self.verified = rules.verified or not is_import
        self.usual: UsualPrices | None = None


class PlainJudge:
    """Judges plain trades by what a `Judge` has fetched, and changes what that judge would change."""

    def __init__(
        self,
        rulebook: Rulebook,
        now: datetime.datetime,
        new_id: Callable[[], UUID],
        eligibilities: Mapping[int, Eligibility],
        uses: Mapping[Any, Use],
        references: MutableMapping[tuple[str, str], UUID],
        observer: Observing,
    ) -> None:
        """Takes the same objects as the judge beside it, so that both see each other's changes."""
        self._rulebook, self._now, self._new_id = rulebook, now, new_id
        self._eligibilities, self._uses, self._references = eligibilities, uses, references
        self._observer, self._doubles = observer, observer.doubles
        self._latest = now + CLOCK_SKEW_MAX
        self._goods: dict[tuple[Any, ...], _Goods | None] = {}

    def accept(self, trade: Trade, recorded_by: int | None) -> Transaction | None:
        """The entry of a trade, after taking what it uses out of the allowance; None for a trade that is not plain."""
        (
            resident, category, commodity, origin, quantity_g, amount_fen, traded_at, hs_code, direction, trade_point,
            consignment, vehicle_plate, seller, reference, _, metadata, declarant, _line,
        ) = trade  # fmt: skip
        eligibility = self._eligibilities.get(resident)
        if eligibility is None or declarant is not None or traded_at > self._latest:
            return None
        texts = commodity, trade_point, consignment or "", vehicle_plate or "", seller or "", reference or ""
        if (metadata or max(map(len, texts)) >= NUMBER_LENGTH) and _holds_a_number(trade):
            return None
        day = traded_at.date()
        goods = self._goods.get((day, category, commodity, origin, hs_code, direction)) or self._goods_of(trade, day)
        if goods is None or not _is_plainly_active(eligibility, day):
            return None
        if reference is not None and (trade_point, reference) in self._references:
            return None
        used = self._use(trade, day, goods, quantity_g, amount_fen) if direction == "import" else (amount_fen, 0, 0)
        if used is None:
            return None
        exempt_fen, exempt_g, used_fen = used
        new_id = self._new_id()
        usual = goods.usual or self._usual_of(goods, commodity, direction, day)
        warnings = goods.warnings
        if usual is not None and used_fen < goods.near_fen and usual.include(amount_fen, quantity_g):
            said = resident, day, category, commodity, quantity_g, amount_fen, direction
            if self._doubles.setdefault(said, (new_id, trade_point))[0] is not new_id:
                warnings = self._observer.warnings_of(trade, day, new_id, goods.rules, used_fen)
        else:
            warnings = self._observer.warnings_of(trade, day, new_id, goods.rules, used_fen)
        if reference is not None:
            self._references[trade_point, reference] = new_id
        group = eligibility.group_on(day) if eligibility.memberships else None
        whose = recorded_by, group, eligibility.settlement
        recording = new_id, day, self._now, *whose, goods.verified, warnings, None, None
        return recorded(trade, (exempt_fen, exempt_g, goods.list_group, goods.rules.version), recording)

    def _use(
        self, trade: Trade, day: datetime.date, goods: _Goods, quantity_g: int, amount_fen: int
    ) -> tuple[int, int, int] | None:
        """Takes what an import uses out of the allowance. Returns its exempt fen and grams, and the fen used by now.

        None for a trade that asks to be refused, because it is not exempt as a whole; it uses nothing.
        """
        resident, group = trade.resident, goods.group
        value = self._uses[resident, day, NO_LIST_GROUP]
        weight = None if group is None else self._uses[resident, day, group.name]
        used_g = 0 if weight is None else weight.quantity_g
        exempt_fen, exempt_g = exempt_parts(
            amount_fen, quantity_g, group, goods.rules.limit_fen, value.exempt_fen, used_g
        )
        if trade.refuse_over_allowance and exempt_fen < amount_fen:
            return None
        value.exempt_fen += exempt_fen
        value.is_touched = True
        if weight is not None:
            weight.quantity_g += exempt_g
            weight.is_touched = True
        return exempt_fen, exempt_g, value.exempt_fen

    def _usual_of(self, goods: _Goods, commodity: str, direction: str, day: datetime.date) -> UsualPrices | None:
        usual = goods.usual = self._observer.fixed_usual(commodity, direction, day)
        return usual

    def _goods_of(self, trade: Trade, day: datetime.date) -> _Goods | None:
        """What trades in these goods have in common, from the first of them; None when the rules refuse them."""
        said = day, trade.category, trade.commodity, trade.origin, trade.hs_code, trade.direction
        if said in self._goods:
            return None
        is_import = trade.is_import
        goods = None
        try:
            rules = self._rulebook.on(day)
            refuse_impossible(trade, rules, self._rulebook.countries, self._now)
        except (Refusal, LookupError):
            pass
        else:
            group = rules.list_group_of(trade.hs_code) if is_import else None
            heading = self._rulebook.has_heading_of(trade.hs_code)
            warnings = stored_warnings(trade, day, rules, self._now.date(), 0, None, None, heading)
            goods = _Goods(rules, group, warnings, is_import=is_import)
        self._goods[said] = goods
        return goods


def _is_plainly_active(eligibility: Eligibility, day: datetime.date) -> bool:
    """Whether a resident may trade on a day: at once for a resident who was never changed and has no last day."""
    if eligibility.statuses or eligibility.valid_until is not None:
        return eligibility.why_not_active(day) is None
    return eligibility.registered_on <= day


def _holds_a_number(trade: Trade) -> bool:
    try:
        refuse_citizen_numbers(trade)
    except PersonalData:
        return True
    return False
