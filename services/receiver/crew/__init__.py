"""The receiver's processes: one that accepts and counts (`workers`, `desk`, `listening`), and workers that serve. Each
of these has a `line` to talk on with the first, and a socket on which connections are handed over (`handing`)."""
