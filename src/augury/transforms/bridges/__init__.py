"""Pipelines of other libraries become policies, and policies become pipelines: one file for each library."""
