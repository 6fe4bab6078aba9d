"""Copies: which images were made from which, by what transform, and how sure that is."""
