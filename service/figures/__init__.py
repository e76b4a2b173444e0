"""Figures that the processes of a server count and note together, and that /metrics shows: what each module declares.

To add a family, write one line in a module of this package, or in a new one, and count where it happens:

    AGE = Gauge("hushi_example_age_seconds", "What it is, in a sentence.")      # service/figures/example.py
    AGE.set(12.5)                                                               # anywhere, in any process of the server

Each process loads all modules of the package in the same order. So each figure has the same place in the memory that
they share.
"""

import importlib
import pkgutil

for _module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
