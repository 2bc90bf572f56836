"""The registry of allocation methods is what its page says, and is read without numpy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from orchestrate.analytics.weights.estimate import require_weights
from orchestrate.analytics.weights.methods import ALLOCATIONS

PAGE = Path(__file__).parents[3] / "docs/portfolio.md"


def test_the_page_has_every_method_in_its_own_words() -> None:
    allocation = PAGE.read_text(encoding="utf-8").partition("## Allocation")[2].partition("\n### ")[0]
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", allocation, re.MULTILINE))
    assert rows.pop("path.py:function") == "what the function answers"
    assert rows == {name: method.description for name, method in ALLOCATIONS.items()}


def test_the_function_on_the_page_gives_weights() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Capital")[0]
    (code,) = re.findall(r"```python\n(.+?)```", section, re.DOTALL)
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    returns = pd.DataFrame({"wild": [0.2, -0.2, 0.1], "calm": [0.01, 0.0, 0.01], "still": [0.0, 0.0, 0.001]})
    answer = namespace["weights"](returns, list(returns))
    weights = require_weights(answer, list(returns))
    assert [round(float(weight), 3) for weight in weights.values()] == [0.033, 0.033, 0.5]


def test_the_registry_is_read_without_numpy() -> None:
    code = "import sys, orchestrate.analytics.weights.methods; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
