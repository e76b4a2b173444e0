"""Demo data: a year and a half of an invented market whose totals are, to the fen, what the bureau published.

Nobody in it exists. Days, goods, prices, seasons and totals follow the domain rules ("Figures to check against").

How the totals come out exact: each spell of the market has a target (calibration.SPELLS). Its participations are
shared out over its open days in whole numbers, and on a day each resident is drawn once, so person-times need no
adjusting. Amounts are drawn first and scaled to the target; weights are rounded to what a scale shows and amounts
follow from weight and unit price, which leaves some yuan over. These are spread over the last lines of the spell, each
moved by one percent at most: within its price range and below the exempt limit. Lines that are reversed come on top, as
double entries, and so change no total. Lines that are taxed count in the total and are never moved.
"""
