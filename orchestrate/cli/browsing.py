"""Open a page in the user's browser."""

from __future__ import annotations


def show_page(address: str) -> None:
    """Open an address; where there is no browser, say so."""
    import webbrowser

    from orchestrate.reporting.output import complain

    try:
        is_open = webbrowser.open(address)
    except (OSError, webbrowser.Error):
        is_open = False
    if not is_open:
        complain(f"there is no browser to open {address} with")
