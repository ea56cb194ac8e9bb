"""Runs the findings, or writes their page again: python -m spatialvlm_jax.sweeps.findings

Trains the branch point where it is missing, runs the trials of which no result is kept, keeps each
as it comes, and writes the page. Stopped, the same command goes on. Any field of the configuration
is set for branch point and trials alike as --config.FIELD=VALUE.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax import signals
from spatialvlm_jax.config import take_overrides
from spatialvlm_jax.errors import UserError, describe_failure
from spatialvlm_jax.flags import FlagParser, place, whole_number
from spatialvlm_jax.sweeps.findings.catalog import FINDINGS
from spatialvlm_jax.sweeps.findings.page import write_findings_page
from spatialvlm_jax.sweeps.findings.run import FindingsRun, run_findings
from spatialvlm_jax.sweeps.jobs import fitting_jobs

_PROGRAM = "python -m spatialvlm_jax.sweeps.findings"


def main(argv: Sequence[str]) -> int:
    """The command line; the exit code: 0 if all is finished, 1 if not, 2 for a mistake."""
    parser = _parser()
    args, rest = parser.parse_known_args(argv)
    overrides = take_overrides(parser, rest)
    if args.page_only:
        write_findings_page(args.page, args.keep, FINDINGS)
        print(args.page)
        return 0
    run = FindingsRun(
        findings=[each for each in FINDINGS if each.key in (args.only or each.key)],
        listed=FINDINGS,
        out=args.out,
        keep=args.keep,
        page=args.page,
        jobs=args.jobs or fitting_jobs(),
        seeds=args.seeds,
        overrides=overrides,
        again=args.again,
        retry_failed=args.retry_failed,
    )
    with signals.listening(signals.WRITTEN_STAYS) as request:
        request.defer()
        is_whole = run_findings(run, request)
        request.release()
    if request.requested:
        print(f"stopping: {signals.WRITTEN_STAYS}", file=sys.stderr)
        return request.code
    print(f"\n{args.page}" + ("" if is_whole else ": not all is finished"))
    return 0 if is_whole else 1


def _parser() -> argparse.ArgumentParser:
    parser = FlagParser(
        prog=_PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    keys = [each.key for each in FINDINGS]
    add("--only", action="append", choices=keys, help="one of the findings; may be repeated (all)")
    help_text = "folder of checkpoints and logs, which may be lost (runs/findings)"
    add("--out", type=place, default=Path("runs/findings"), metavar="DIR", help=help_text)
    help_text = "folder of what is kept: small files, and the branch point (docs/findings)"
    add("--keep", type=place, default=Path("docs/findings"), metavar="DIR", help=help_text)
    help_text = "what is written (docs/findings.md)"
    add("--page", type=place, default=Path("docs/findings.md"), metavar="FILE", help=help_text)
    help_text = "trials at a time, each on its own part of this machine (one a GPU or core)"
    add("--jobs", type=whole_number(0, 1_024), default=0, metavar="N", help=help_text)
    help_text = "at most so many seeds of each finding (as many as it wants)"
    add("--seeds", type=whole_number(1, 10_000), default=0, metavar="N", help=help_text)
    help_text = "write the page from what is kept, and run nothing"
    add("--page-only", action="store_true", help=help_text)
    help_text = "forget what is kept of other code, data or branch point, and begin anew"
    add("--again", action="store_true", help=help_text)
    add("--retry-failed", action="store_true", help="run trials again that failed before")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (UserError, OSError) as error:
        print(f"{_PROGRAM}: {describe_failure(error)}", file=sys.stderr)
        sys.exit(2)
