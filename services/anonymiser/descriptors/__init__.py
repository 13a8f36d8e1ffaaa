"""Text that people type: what it may not say any more, and what of it is worth keeping (PS3.15 Section E.3.5)."""
