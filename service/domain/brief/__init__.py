"""The brief: what may be said of a period, and the figures behind each phrase; service.rendering.brief finds the words.

The modules `facts`, `movement`, `processed` and `figures` decide once, for every language, what may be said. See
docs/RULES.md, Growth.
"""

from typing import Literal

from service.domain.brief.facts import Brief, Claim, Facts, NewCategory
from service.domain.brief.processed import Processed

__all__ = ["Brief", "Claim", "Facts", "Lang", "NewCategory", "Processed"]

Lang = Literal["zh", "en", "mn"]
