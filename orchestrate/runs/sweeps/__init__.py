"""Sweeps on disk: an unfinished one that can be resumed, and the files of one that is done."""
