"""Brakes that are on, to an operator: which, why and since when, and how one is released."""
