"""The invented names and texts of the demo's market: invented.json has them, in the languages of the market."""

import importlib.resources
import json
from typing import Any

INVENTED: dict[str, Any] = json.loads(
    importlib.resources.files("service.demo").joinpath("invented.json").read_text("utf-8")
)
