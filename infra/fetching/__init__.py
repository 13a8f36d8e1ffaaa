"""What `isocentre fetch` does: asks an archive what it has, and has it sent to a receiver, gently and to the end."""
