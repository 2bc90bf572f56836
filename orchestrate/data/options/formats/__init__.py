"""One file a format of quotes; `registry.py` lists them."""
