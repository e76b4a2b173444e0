"""Facts for briefs: the bureau's figures, and what is changed of them."""

from datetime import date
from typing import Any, get_args

from service.domain.brief import Facts, Lang, NewCategory
from service.domain.growth import compare
from service.domain.periods import Compare, Period, base_period, year_to_date

LANGS: tuple[Lang, ...] = get_args(Lang)
JANUARY_TO_APRIL = year_to_date(date(2024, 4, 30))
PACKAGED_FOOD = NewCategory("packaged_food", 5_321)


def facts(**changed: Any) -> Facts:
    """The bureau's figures to the end of April 2024, with each pair of figures as (current, base).

    `custom` is a base period that a caller has named.
    """
    custom: Period | None = changed.pop("custom", None)
    how: Compare = changed.pop("how", "yoy" if custom is None else "custom")
    period: Period = changed.pop("period", JANUARY_TO_APRIL)
    base = custom if how == "custom" else base_period(period, how)
    figures = {
        "amount_fen": (130_000_000_00, 8_666_667_00),
        "participations": (35_018, 2_400),
        "residents": (5_812, 1_204),
        "registered": (6_142, 1_525),
    }
    compared: dict[str, Any] = {name: compare(*changed.pop(name, figure)) for name, figure in figures.items()}
    dated: dict[str, Any] = {
        "registered_on": period.end,
        "registered_base_on": date(period.end.year - 1, 12, 31),
        "new_categories": (PACKAGED_FOOD,),
    }
    return Facts(period=period, base_period=base, compare=how, **compared, **(dated | changed))


def nothing_traded(base: tuple[int, int, int] | None) -> dict[str, Any]:
    """Changes of the facts: no trade now, and that base."""
    return {
        name: (0, None if base is None else base[place])
        for place, name in enumerate(("amount_fen", "participations", "residents"))
    }
