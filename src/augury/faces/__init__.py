"""One file for each framework, thin, holding its defaults."""
