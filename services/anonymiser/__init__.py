"""The anonymiser: takes the patients' identity out of what arrived (PS3.15 Annex E)."""
