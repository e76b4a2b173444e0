"""A query parameter with several values: repeated, or in one with commas."""

from typing import Any

from marshmallow import ValidationError

from schemas.fields import Text
from schemas.strict import Translated

FILTER_VALUES_MAX = 100


class Several(Translated):
    """A field that accepts several values of one kind with commas between them."""

    slug = "not-a-list"

    def __init__(
        self, each: Translated, *, is_translated: bool = False, or_none: str | None = None, **kwargs: Any
    ) -> None:
        """`each` reads one value. Values stay texts, as the ledger's dimensions are texts, unless `is_translated`.

        With `or_none` an empty value is None; the text says for the reference what that means.
        """
        self._each, self._is_translated, self._takes_none = each, is_translated, or_none is not None
        what = "Only these" if or_none is None else f"Only these; an empty value means {or_none}"
        pattern = {} if or_none is None else _or_empty(dict(each.metadata))
        super().__init__(metadata=listed({**dict(each.metadata), **pattern}, FILTER_VALUES_MAX, what), **kwargs)

    def parse(self, text: str) -> frozenset[Any]:
        """Reads the values."""
        values = text.split(",")
        if len(values) > FILTER_VALUES_MAX:
            raise ValueError(f"Send at most {FILTER_VALUES_MAX} values.")
        return frozenset(map(self._checked, values))

    def _checked(self, value: str) -> Any:
        if self._takes_none and not value:
            return None
        try:
            read = self._each.deserialize(value)
        except ValidationError as error:
            raise ValueError(str(error.messages[0]).partition(": ")[2]) from None
        return read if self._is_translated or isinstance(self._each, Text) else value


def _or_empty(described: dict[str, Any]) -> dict[str, Any]:
    """The description of a value that may be empty."""
    if "pattern" in described:
        return {"pattern": f"^$|{described['pattern']}"}
    return {"minLength": 0} if "minLength" in described else {}


def listed(each: dict[str, Any], most: int, what: str) -> dict[str, Any]:
    """The description of a parameter with several values for the reference."""
    return {
        "type": "array",
        "items": {"type": "string", **each},
        "minItems": 1,
        "maxItems": most,
        "description": f"{what}; repeated, or in one with commas.",
    }
