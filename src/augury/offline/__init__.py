"""Expand a dataset on disk: the program that a stream runs, written out as a dataset with a manifest."""
