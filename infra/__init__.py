"""What runs Isocentre: the local stack, the command line, deployment."""
