"""Run as `python -m checker VERB …`."""

import sys

from .cli import main

sys.exit(main(sys.argv[1:]))
