"""Restores to a moment: from an archive of the log, on either engine."""
