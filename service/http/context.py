"""What the routes of one application share: the ledger and its committer, hung on the Flask app by service.app."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from service.commands.committer import Committer
from service.http.vitals import VitalSigns
from service.ledger import Ledger
from service.queries.keys import KeyRing
from service.queries.ledger_state import Pulse
from service.queries.reports import Reporter
from service.queries.sessions import EndedSessions

_EXTENSION = "hushi"


@dataclass(frozen=True, slots=True)
class Market:
    """A ledger, and what this process has one of: committer, reporter, pulse, known keys and sessions, vital signs."""

    ledger: Ledger
    committer: Committer
    reporter: Reporter
    pulse: Pulse
    keys: KeyRing
    ended_sessions: EndedSessions
    vitals: VitalSigns


def open_market(app: Flask, market: Market) -> None:
    """Hangs the market on an application."""
    app.extensions[_EXTENSION] = market


def market() -> Market:
    """The market of the application that answers the current request."""
    return cast(Market, current_app.extensions[_EXTENSION])
