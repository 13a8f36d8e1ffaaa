"""The sites file for those who keep it: changing it by command, and trying whether a site is let in."""
