"""Unmodified Backtrader strategies, each in a Cerebro of its own that our loop steps."""
