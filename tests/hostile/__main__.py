"""Tries every hostile input:

    python -m tests.hostile [--table] [CLASS ...]

One JSON row a class, or a table of all; the exit code is 1 where an input did what none may do.
Each class runs in a process of its own: `--here CLASS` is such a process.
"""

import logging
import sys
import warnings

from tests.hostile import suite

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sys.exit(suite.main(sys.argv[1:]))
