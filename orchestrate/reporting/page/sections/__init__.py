"""The sections of a page, by subject; `registry.py` lists them."""
