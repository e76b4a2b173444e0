"""Examples in the reference that are in the languages of the market: examples.json has them."""

import importlib.resources
import json

EXAMPLES: dict[str, str] = json.loads(importlib.resources.files("schemas").joinpath("examples.json").read_text("utf-8"))
