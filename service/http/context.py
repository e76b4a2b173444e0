"""What the routes of one application share: the ledger, its committer and others. service.app attaches it to Flask."""

from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from service.commands.committer import Committer
from service.commands.key_uses import KeyUses
from service.http.downloads import Downloads
from service.http.vitals import VitalSigns
from service.ledger import Ledger
from service.queries.keys import ApiKeyCache
from service.queries.ledger_state import LedgerStateReader
from service.queries.report_sources import ReportSources
from service.queries.reports import Reporter
from service.queries.sessions import EndedSessions
from service.queries.standby_condition import StandbyWatch

_EXTENSION = "hushi"


@dataclass(frozen=True, slots=True)
class AppContext:
    """A ledger, and the objects that all requests of this process share."""

    ledger: Ledger
    committer: Committer
    reporter: Reporter
    state_reader: LedgerStateReader
    keys: ApiKeyCache
    ended_sessions: EndedSessions
    vitals: VitalSigns
    key_uses: KeyUses
    sources: ReportSources
    standby_watch: StandbyWatch
    downloads: Downloads = field(default_factory=Downloads)


def attach_context(app: Flask, app_context: AppContext) -> None:
    """Attaches the shared objects to an application."""
    app.extensions[_EXTENSION] = app_context


def app_context() -> AppContext:
    """The shared objects of the application that answers the current request."""
    return cast(AppContext, current_app.extensions[_EXTENSION])
