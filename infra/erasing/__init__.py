"""Erasing a patient: what there is of him in both zones, taken out so that nothing late brings it back."""
