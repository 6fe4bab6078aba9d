"""Write annotations: one file for each format, which takes images one after the other and gives names and bytes."""
