"""The JSON Schema of a configuration file, with the frameworks that are here."""

from __future__ import annotations

import json

from orchestrate import wiring
from orchestrate.config.json_schema import json_schema


def schema_text() -> str:
    """Return the schema as text; the same bytes every time."""
    return json.dumps(json_schema(wiring.settings_types(), wiring.choices()), indent=2, ensure_ascii=False) + "\n"
