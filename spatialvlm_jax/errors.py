"""The one base class of mistakes that the user can mend."""


class UserError(ValueError):
    """A mistake the user can mend; its message names the cause and the remedy on one line.

    Command lines print it without a traceback and exit with code 2.
    """
