"""The bookkeeper: a line for every arrival, and the books held against all other witnesses."""
