"""Orders: the blotter where they live, the way to the engines, and what engines owe."""
