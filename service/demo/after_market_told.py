"""Says in one sentence what the demo's invented market tells about landing processing in 2024.

The figures are those of the plan, which is always the same: asking the reports would take a second and 100 MB, each
time a service begins. tests/test_demo.py compares them with the reports.
"""

from typing import NamedTuple

from service.demo.calibration import YEAR_2024_FEN
from service.domain.money import FEN_PER_CNY
from service.ledger import Ledger
from service.queries.deliveries import enterprises_of_market


class ToldFigures(NamedTuple):
    """What went on to landing processing: fen, share of the imports in hundredths of a percent, enterprises."""

    amount_fen: int
    share_of_imports: int
    enterprises: int


IN_2024 = ToldFigures(51_500_266_232, 97_84, 2)
IN_ITS_SECOND_HALF = ToldFigures(21_651_604_296, 96_40, 2)
REPORT = "hushi report processing --period 2024-H2 --purpose processing"


def after_market_text(ledger: Ledger) -> str:
    """What the demo tells about 2024; empty for the demo of an earlier version, which has no enterprises."""
    if not enterprises_of_market(ledger):
        return ""
    half = IN_ITS_SECOND_HALF
    share = f"{half.share_of_imports // 100}.{half.share_of_imports % 100:02d} %"
    return (
        f"After the market (invented as well): of {_cny(YEAR_2024_FEN)} traded in 2024, {_cny(IN_2024.amount_fen)} "
        f"went on to landing processing; in the second half {_cny(half.amount_fen)}, {share} of the imports, to "
        f"{half.enterprises} enterprises: {REPORT}"
    )


def _cny(amount_fen: int) -> str:
    return f"{amount_fen // FEN_PER_CNY:,}.{amount_fen % FEN_PER_CNY:02d} CNY"
