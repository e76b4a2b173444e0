"""The headings of the Harmonized System, edition 2022."""

from collections import Counter

import pytest

from service.rules import hs_headings, load_rulebook

HEADINGS_OF_2022 = 1228


def test_the_edition_of_2022_has_so_many_headings_in_so_many_chapters() -> None:
    headings = hs_headings()
    assert len(headings) == HEADINGS_OF_2022
    assert all(len(heading) == 4 and heading.isascii() and heading.isdigit() for heading in headings)
    chapters = Counter(heading[:2] for heading in headings)
    assert set(chapters) == {f"{n:02d}" for n in range(1, 98) if n != 77}  # Chapter 77 is kept for later use.
    assert [chapters[chapter] for chapter in ("01", "10", "12", "51", "84", "97")] == [6, 8, 14, 13, 86, 6]


@pytest.mark.parametrize("heading", ["0309", "2404", "8485", "8524", "8549", "8806", "8807"])
def test_headings_that_came_with_the_edition_of_2022_are_known(heading: str) -> None:
    assert heading in hs_headings()


@pytest.mark.parametrize("heading", ["8520", "8803", "0299", "9999", "9801", "7701"])
def test_headings_that_are_gone_or_never_were_are_not(heading: str) -> None:
    assert heading not in hs_headings()


def test_a_line_without_a_code_has_no_wrong_heading() -> None:
    book = load_rulebook()
    assert book.has_heading_of(None)
    assert book.has_heading_of("1602501000")
    assert not book.has_heading_of("029900")


def test_every_prefix_of_the_rules_is_a_part_of_the_system() -> None:
    book, headings = load_rulebook(), hs_headings()
    prefixes = {p for group in book._list_groups for p in group.hs_prefixes}
    prefixes |= {p for category in book._categories for p in category.hs_prefixes}
    assert [p for p in prefixes if not any(h.startswith(p[:4]) for h in headings)] == []
