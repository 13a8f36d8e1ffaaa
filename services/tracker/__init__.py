"""Tracker: tells per study what has arrived and when it is complete, and counts per site."""
