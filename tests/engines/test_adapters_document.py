"""docs/adapters.md shows code that exists."""

import re
from pathlib import Path

from orchestrate.domain.engines import Engine

ROOT = Path(__file__).parents[2]


def test_its_worked_example_is_the_in_memory_engine() -> None:
    text = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    heart, line, test = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    example = (ROOT / "tests" / "engines" / "conformance" / "in_memory.py").read_text(encoding="utf-8")
    assert heart in example
    assert len(example.splitlines()) < 100
    assert test in (ROOT / "tests" / "engines" / "test_backtrader_engine.py").read_text(encoding="utf-8")
    (engine,) = eval(line, {"Engine": Engine})
    assert (engine.name, engine.adapter, engine.settings) == (
        "in_memory",
        "package.adapter:InMemoryAdapter",
        "package.settings:InMemorySettings",
    )
