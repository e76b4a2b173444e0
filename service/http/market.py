"""What the routes of one application share: the ledger and its committer, hung on the Flask app by service.app."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from service.committer import Committer
from service.ledger import Ledger

_EXTENSION = "hushi"


@dataclass(frozen=True, slots=True)
class Market:
    """A ledger, and the one writer of transactions in this process."""

    ledger: Ledger
    committer: Committer


def open_market(app: Flask, market: Market) -> None:
    """Hangs the market on an application."""
    app.extensions[_EXTENSION] = market


def market() -> Market:
    """The market of the application that answers the current request."""
    return cast(Market, current_app.extensions[_EXTENSION])
