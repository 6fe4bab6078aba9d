"""Batches in order: which sample comes when, on which threads, from which memory, and where one stands."""
