"""What all acts of operators have in common: which node, who acts, the right to decide, and the topics."""
