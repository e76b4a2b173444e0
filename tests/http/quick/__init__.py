"""The quick way in front of Flask."""
