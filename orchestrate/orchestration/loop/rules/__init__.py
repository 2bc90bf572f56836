"""The rules of the portfolio: its schedule, its stops, and the equity that they depend on."""
