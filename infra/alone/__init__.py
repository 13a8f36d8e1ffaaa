"""De-identification on its own: files and folders, no service; the same engine, the same gate."""
