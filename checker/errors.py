"""Errors that are a message to the user: one sentence, and the command that mends it."""

__all__ = ["CourseError", "Usage"]


class CourseError(Exception):
    """Something that a user can mend: `message` says what, `mend` is the command that does it."""

    exit_code = 1

    def __init__(self, message, mend=None):
        super().__init__(message)
        self.message, self.mend = message, mend


class Usage(CourseError):
    """A command that was not understood."""

    exit_code = 2
