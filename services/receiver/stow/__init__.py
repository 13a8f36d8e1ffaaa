"""STOW-RS (PS3.18 Section 10.5): HTTP requests whose parts end where C-STORE requests end."""
