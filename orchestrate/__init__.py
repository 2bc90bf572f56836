"""Several strategies, on Backtrader and NautilusTrader, run as one portfolio from one YAML file."""

__version__ = "0.1.0"
