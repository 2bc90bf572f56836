"""The nouns of a backtest: markets, orders, books, plans, events, results. Pure: standard library and numpy."""
