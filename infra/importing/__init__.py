"""What `isocentre import` does: finds instances in folders, archives and file-sets, and hands them to a receiver."""
