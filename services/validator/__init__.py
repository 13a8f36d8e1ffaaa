"""Checks each de-identified instance from its header alone: validated with findings, or rejected with a reason."""
