"""All that is written about a sweep, from disk alone.

DIR/table.md    arms by figure, with intervals and differences to the first arm
DIR/table.csv   the same and more, a line for each figure of each arm
DIR/index.html  the same as a page
"""

from pathlib import Path

from spatialvlm_jax.sweeps.page import write_page
from spatialvlm_jax.sweeps.record import SweepRecord
from spatialvlm_jax.sweeps.results import SweepResults, read_results
from spatialvlm_jax.sweeps.table import write_csv, write_markdown

TABLES = ("table.md", "table.csv", "index.html")


def write_tables(record: SweepRecord, folder: Path, wanted: float) -> SweepResults:
    """Writes all of them from what is on disk, and returns what they say.

    Raises:
      UserError: predictions cannot be read.
    """
    results = read_results(record, folder, wanted)
    for name, write in zip(TABLES, (write_markdown, write_csv, write_page), strict=True):
        write(folder / name, results)
    return results
