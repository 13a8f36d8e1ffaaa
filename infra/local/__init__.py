"""The stack on one machine as plain processes: set-up, supervisor, addresses."""
