"""Backtrader behind the orchestration port."""
