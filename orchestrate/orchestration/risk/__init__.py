"""Risk: the pipeline from an intent to an order, with sizing, conflicts, capital and limits."""
