"""Figures of the standby that reports come from."""

from service.figures.families import Counter, Gauge

STANDBY_UP = Gauge("hushi_standby_up", "1 when the standby of HUSHI_READ_URL answers and holds this ledger.")
STANDBY_LAG_SECONDS = Gauge("hushi_standby_lag_seconds", "How long ago the primary was where the standby is now.")
STANDBY_LAG_ENTRIES = Gauge("hushi_standby_lag_entries", "Transactions that the primary has and the standby has not.")
REPORTS_FROM = Counter("hushi_reports_from", "Reports by where they came from.", source=("standby", "primary"))
