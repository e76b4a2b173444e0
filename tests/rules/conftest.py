"""Names that a test's rule files have taught this process are forgotten behind it."""

from collections.abc import Iterator

import pytest

from service.rules.names import names_with, say_names


@pytest.fixture(autouse=True)
def _only_shipped_names() -> Iterator[None]:
    yield
    say_names(names_with(()))
