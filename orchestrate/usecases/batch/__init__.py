"""Many configurations, each run and stored as `backtest` does it."""
