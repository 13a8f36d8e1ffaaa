"""What people do with a project's keys: make, rotate, share, match. Identified zone only."""
