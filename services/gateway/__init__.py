"""Shows what the clean zone holds: QIDO-RS, WADO-RS and the console."""
