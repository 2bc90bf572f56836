"""Where tasks can be done, by the name that a configuration uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrate.sweep.executors import local
from orchestrate.sweep.executors.executor import Executor

#: A further one is a file and a line here.
EXECUTORS: Final[Mapping[str, Executor]] = {"local": local.run}
