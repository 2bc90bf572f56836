"""Weights of the strategies of a portfolio, estimated from their returns."""
