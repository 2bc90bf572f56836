"""Options: contracts, their quotes, structures of them. A contract is an instrument like all others."""
