"""Runs whose bars arrive while they go on."""
