"""Demo data: two years of an invented market whose totals are, to the fen, what the bureau published.

All its people and enterprises are invented. The totals are those of docs/RULES.md, Figures to check against. The second
half of 2024 is what was published for the year, less the first half. What goes on to enterprises after the market is
chosen in deliveries.py; after_market_told.py says what comes out.

The totals are exact for these reasons. Each span of days has a target (calibration.TARGET_SPANS). The participations
of a span are shared out over its open days in whole numbers, and each resident is drawn once on a day, so that
person-times need no adjusting. Amounts are drawn first and scaled to the target. Then weights are rounded to what a
scale shows, and amounts are computed from weight and unit price, which leaves some yuan over. These yuan are spread
over the last lines of the span. Each line is moved by one percent at most, so that it stays within its price range
and below the exempt limit. Reversed lines are double entries that come in addition, and so change no total. Taxed
lines count in the total and are never moved.
"""
