"""Text in pixels: which objects are looked at, what is found there, and how it is blanked.

Importing this package loads neither models nor codecs: that happens in the worker processes.
"""
