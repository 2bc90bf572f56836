"""What the portfolio does by itself: its schedule, its stops, and the equity that they go by."""
