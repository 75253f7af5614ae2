"""The course's checker: it says where a learner stands, helps, and never loses a line of theirs."""

__version__ = "0.1.0"
