"""The token of a proposed split: it comes back as it was given out, and nobody can change it."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.consignments import SplitTerms
from service.domain.errors import ValidationFailed
from service.domain.macs import MacKeys
from service.domain.proposals import PlannedPart, Proposal, plan_digest, read_token, token_of
from service.domain.splitting import LineRemainder

KEYS, OTHER_KEYS = MacKeys([b"k" * 32]), MacKeys([b"o" * 32])
PARTS = [PlannedPart(0, 1, 500, 700, 700)]
LEFT = [LineRemainder(20, 30)]
TERMS = SplitTerms(datetime.date(2024, 6, 30), None, (7, 3, 5), "even", 20_000, 4, False, 9)
PROPOSAL = Proposal("erenhot", "货车 17", TERMS, plan_digest(PARTS, LEFT))


def test_a_token_says_what_was_proposed() -> None:
    assert read_token(token_of(PROPOSAL, KEYS), KEYS) == PROPOSAL
    assert token_of(PROPOSAL, KEYS) == token_of(PROPOSAL, KEYS)


def test_a_thousand_residents_fit_into_a_token() -> None:
    many = PROPOSAL._replace(terms=TERMS._replace(residents=tuple(range(99_000_000, 99_003_000, 3))))
    token = token_of(many, KEYS)
    assert read_token(token, KEYS) == many
    assert len(token) < 4_000


@given(st.integers(0, len(token_of(PROPOSAL, KEYS)) - 1), st.sampled_from("ABab01-_= \n"))
def test_who_changes_a_token_is_refused(place: int, character: str) -> None:
    token = token_of(PROPOSAL, KEYS)
    changed = token[:place] + character + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(ValidationFailed, match="/proposal"):
        read_token(changed, KEYS)


@pytest.mark.parametrize("text", ["", "A", "中", token_of(PROPOSAL, OTHER_KEYS), token_of(PROPOSAL, KEYS) + "="])
def test_a_text_that_this_ledger_has_not_given_out_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        read_token(text, KEYS)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/proposal", "not-a-proposal")]


@pytest.mark.parametrize("field", PlannedPart._fields)
def test_the_digest_tells_every_figure_of_a_part(field: str) -> None:
    changed = PARTS[0]._replace(**{field: getattr(PARTS[0], field) + 1})
    assert plan_digest([changed], LEFT) != plan_digest(PARTS, LEFT)
    assert plan_digest(PARTS, [LineRemainder(20, 31)]) != plan_digest(PARTS, LEFT)
