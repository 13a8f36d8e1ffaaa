"""What the books say against what a witness saw: pure."""
