"""What a brief says of landing processing (落地加工): what went on to it, its share of the imports, the enterprises."""

from dataclasses import dataclass
from typing import Literal

from service.domain.growth import Comparison
from service.domain.rounding import HUNDREDTHS_OF_A_PERCENT, share

PROCESSED: Literal["processing:amount_cny"] = "processing:amount_cny"
PROCESSORS: Literal["processing:enterprises"] = "processing:enterprises"
SHARE = "processing:share_of_imports_pct"
"""The measures of claims about processing: fen, enterprises, and hundredths of a percent."""

Edge = Literal["exact", "more", "less"]


@dataclass(frozen=True, slots=True)
class ShareSaid:
    """A share as it may be said: hundredths of a percent, and whether it is more or less than that.

    Not all of the imports are never said to be 100 %, and something is never said to be 0 %.
    """

    size: int
    edge: Edge = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """The goods of a period's trades that have gone on to processing, compared, and the imports of the same days.

    Raises ValueError when more has gone on than was imported.
    """

    amount_fen: Comparison
    enterprises: Comparison
    imports_fen: Comparison

    def __post_init__(self) -> None:
        if self.amount_fen.current > self.imports_fen.current:
            raise ValueError("Give imports of the same trades: no more goes on to processing than was imported.")

    @property
    def share(self) -> int | None:
        """The share of the imports in hundredths of a percent, half up; None without imports."""
        return share(self.amount_fen.current, self.imports_fen.current)

    @property
    def base_share(self) -> int | None:
        """The share of the base period."""
        return share(self.amount_fen.base, self.imports_fen.base)

    @property
    def share_said(self) -> ShareSaid | None:
        """The share as a sentence may say it; None where there is none to tell."""
        part, whole = self.amount_fen.current, self.imports_fen.current
        size = self.share
        if size is None or part == 0:
            return None
        if size == HUNDREDTHS_OF_A_PERCENT and part < whole:
            return ShareSaid(size - 1, "more")
        return ShareSaid(1, "less") if size == 0 else ShareSaid(size)
