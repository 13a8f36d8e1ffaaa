"""Set-up of the checkout and the cache; the standard library only, since it runs before .venv exists."""
