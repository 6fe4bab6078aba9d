"""`python -m augury` is the command `augury`."""

from augury.cli import app

app()
