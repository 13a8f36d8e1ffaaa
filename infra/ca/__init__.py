"""A certification authority in a folder, for tests and for sites without one. Who has one uses that."""
