"""NautilusTrader behind the orchestration port."""
