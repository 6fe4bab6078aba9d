"""How labels are written: one file for each layout that a dataset may come in."""
