"""A second process that watches the one of a run, and reports how it ended if that can't."""

from __future__ import annotations

import os
import signal


def possible() -> bool:
    """Return False on systems where a process can't be watched like this: Windows, macOS."""
    return hasattr(os, "fork") and hasattr(signal, "sigwaitinfo")
