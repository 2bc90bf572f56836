"""The commands over stored runs, one file each."""
