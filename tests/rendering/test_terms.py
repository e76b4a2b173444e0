"""docs/TERMS.md says what the catalogue says."""

import pathlib
import re

from service.rendering.words import LANGUAGES, catalogue

TERMS = pathlib.Path(__file__).parents[2] / "docs" / "TERMS.md"
ROW = re.compile(r"^\| `([\w.-]+)` \| (.+?) \| (.+?) \| (.+?) \| .+ \| \w+ \|$", re.MULTILINE)


def test_the_page_of_terms_has_the_words_of_the_catalogue() -> None:
    rows = ROW.findall(TERMS.read_text("utf-8"))
    told = {key: words for key, *words in rows}
    assert told == {key: [catalogue()[lang][key] for lang in LANGUAGES] for key in told}
    assert len(told) == len(rows)


def test_every_measure_warning_and_dimension_that_is_compared_by_is_explained() -> None:
    told = {key for key, *_ in ROW.findall(TERMS.read_text("utf-8"))}
    measures = {key for key in catalogue()["en"] if key.startswith("measure.")}
    dimensions = {
        f"dimension.{name}" for name in ("category", "origin", "direction", "trade_point", "group_id", "settlement")
    }
    warnings = {key for key in catalogue()["en"] if key.startswith("warning.")}
    assert measures | dimensions | warnings <= told
