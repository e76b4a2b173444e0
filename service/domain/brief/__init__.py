"""The brief: what may be said of a period, and the figures behind each phrase; service.rendering.brief finds the words.

The modules `facts`, `movement` and `figures` decide once, for every language, what may be said. See docs/RULES.md,
Growth.
"""

from typing import Literal

from service.domain.brief.facts import Brief, Claim, Facts, NewCategory

__all__ = ["Brief", "Claim", "Facts", "Lang", "NewCategory"]

Lang = Literal["zh", "en", "mn"]
