"""Tries every hostile input: python -m tests.hostile [CLASS ...]

One JSON row a class; the exit code is 1 where an input did what none may do.
"""

import logging
import sys
import warnings

from tests.hostile import attempt, files, runs, sensors

CLASSES = {
    "pictures": files.pictures,
    "archives": files.archives,
    "tables": files.tables,
    "texts": files.texts,
    "depth": sensors.depths,
    "labels": sensors.labels,
    "answers": runs.answers,
    "overrides": runs.overrides,
    "weights": runs.weights,
    "shards": runs.shards,
    "checkpoints": runs.checkpoints,
}

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    sys.exit(attempt.main(sys.argv[1:], CLASSES))
