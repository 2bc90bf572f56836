"""docs/adapters.md shows code that exists."""

import re
from pathlib import Path

from orchestrate import wiring

ROOT = Path(__file__).parents[2]


def test_its_worked_example_is_the_in_memory_engine() -> None:
    text = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    heart, line, test = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    engine = (ROOT / "tests" / "engines" / "in_memory.py").read_text(encoding="utf-8")
    assert heart in engine
    assert len(engine.splitlines()) < 100
    assert test in (ROOT / "tests" / "engines" / "test_backtrader_engine.py").read_text(encoding="utf-8")
    (told,) = eval(f"{{{line}}}", {"Framework": wiring.Framework}).values()
    assert (told.adapter, told.settings) == ("package.adapter:InMemoryAdapter", "package.settings:InMemorySettings")
