"""What a bulletin for people is set with beside its document, which holds ids and figures alone."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edition:
    """A bulletin's language, the names of groups and enterprises by their ids, and whether its figures are a demo's."""

    lang: str
    groups: Mapping[str, str]
    enterprises: Mapping[str, str]
    is_demo: bool
