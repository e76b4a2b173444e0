"""Figures of the backups in HUSHI_BACKUP_DIR. They are not there without that setting, and while there is no backup."""

from service.figures.families import Gauge

NEWEST_BACKUP_AT = Gauge(
    "hushi_newest_backup_time_seconds",
    "When the newest whole backup in HUSHI_BACKUP_DIR was begun, in Unix time.",
)
BACKUP_AGE_SECONDS = Gauge(
    "hushi_backup_age_seconds", "The age of the newest whole backup in HUSHI_BACKUP_DIR; what is newer is not in it."
)
