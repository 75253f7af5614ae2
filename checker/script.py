"""Run a script with the learner's tinytorch: `python -P -m checker.script SCRIPT FOLDER…`.

NumPy is imported before the learner's folders come onto the path, so that a numpy.py of theirs
cannot stand in for it.
"""

import code
import os
import runpy
import sys

import numpy as np

__all__ = ["Shell", "main"]


class Shell(code.InteractiveConsole):
    """A Python shell into which blocks of a lesson can be pasted.

    Python's own wants an empty line after an indented block; pasted text has none. Here a line
    that begins at the left edge ends the block before it, unless it goes on with it.
    """

    going_on = ("else", "elif", "except", "finally", "case", ")", "]", "}", "@")

    def push(self, line, *rest, **options):
        """Take one line; gives whether more is needed."""
        open_block = len(self.buffer) > 0 and self.buffer[-1].startswith((" ", "\t"))
        fresh = line[:1].strip() and not line.startswith(self.going_on)
        if open_block and fresh and self._complete():
            super().push("")
        return super().push(line, *rest, **options)

    def _complete(self):
        try:
            return code.compile_command("\n".join(self.buffer) + "\n\n") is not None
        except (SyntaxError, ValueError, OverflowError):
            return True


def main(script, *folders):
    """Run a script as __main__, with these folders first on the path; "-" is a Python shell."""
    sys.path[:0] = [os.path.realpath(folder) for folder in folders]
    sys.dont_write_bytecode = True
    if script == "-":
        import tinytorch

        names = {"tinytorch": tinytorch, "np": np, "Tensor": tinytorch.Tensor}
        says = "tinytorch, np and Tensor are there; after a change of your code, Ctrl-D and anew."
        Shell(names).interact(banner=says, exitmsg="")
        return
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
