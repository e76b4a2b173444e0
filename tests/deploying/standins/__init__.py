"""Builds images that stand in for python:3.13-slim and postgres:18, for machines that can pull none."""
