"""Decisions of people about what the anonymiser holds back: what there is to decide, and how a decision is made."""
