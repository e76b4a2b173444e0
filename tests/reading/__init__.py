"""Tests of reports that come from a standby."""
