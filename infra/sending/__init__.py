"""Sends instances byte for byte, by C-STORE or STOW-RS, and tries again where that helps."""
