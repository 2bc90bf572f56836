"""Rows into Backtrader's line buffers are loading, not running: how long they take, to be taken off a bare run."""

from __future__ import annotations

import time

import backtrader as bt
import pytest


class Preloading:
    """`seconds` that feeds have taken to preload since it was last set to zero."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        preload = bt.feeds.PandasData.preload

        def timed(feed: bt.feeds.PandasData) -> None:
            started = time.process_time()
            preload(feed)
            self.seconds += time.process_time() - started

        monkeypatch.setattr(bt.feeds.PandasData, "preload", timed)
