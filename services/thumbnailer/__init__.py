"""Makes a small JPEG of each validated instance that has pixels, in processes that a bad stream may kill."""
