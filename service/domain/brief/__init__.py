"""The brief: what may be said of a period, and the claim behind every phrase; service.rendering.brief finds the words.

Pure: what may be said is decided once for every language, in `facts`, `movement` and `figures`. Source: the domain
rules, "Growth", and the contract, "Reports".
"""

from typing import Literal

from service.domain.brief.facts import Brief, Claim, Facts, NewCategory

__all__ = ["Brief", "Claim", "Facts", "Lang", "NewCategory"]

Lang = Literal["zh", "en", "mn"]
