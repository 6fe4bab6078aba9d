"""Experiments: networks and their training; later the study."""
