"""Run a script with the learner's tinytorch: `python -P -m checker.script SCRIPT FOLDER…`.

NumPy is imported before the learner's folders come onto the path, so that a numpy.py of theirs
cannot stand in for it.
"""

import os
import runpy
import sys

import numpy as np

__all__ = ["main"]


def main(script, *folders):
    """Run a script as __main__, with these folders first on the path; "-" is a Python shell."""
    sys.path[:0] = [os.path.realpath(folder) for folder in folders]
    sys.dont_write_bytecode = True
    if script == "-":
        import code

        import tinytorch

        names = {"tinytorch": tinytorch, "np": np, "Tensor": tinytorch.Tensor}
        code.interact(banner="tinytorch, np and Tensor are there; Ctrl-D leaves.", local=names)
        return
    sys.argv = [script]
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
