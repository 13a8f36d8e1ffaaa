"""What an operator wrote cannot be used."""


class Misconfigured(ValueError):
    """A key, sites or aliases file, or a setting, is not what it must be.

    The text is in our own words and may be logged: it names a file and a place in it, never a value.
    """
