"""Prices, greeks and implied volatilities of options, for whole chains at once."""
