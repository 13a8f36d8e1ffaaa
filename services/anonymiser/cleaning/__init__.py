"""Takes the identity out of elements (PS3.15 Annex E)."""
