"""What `train.py` and `eval.py` do alike: command line, processes, signals, errors, exit codes.

0    done; or stopped by SIGTERM, with everything saved
1    a loss that is not finite, or an error of the program, which leaves its traceback
2    a mistake of the user's, or what the system refuses: one line with cause and remedy
129  the terminal was closed, with everything saved
130  stopped by Ctrl-C
141  the reader of the output has left
"""

import argparse
import contextlib
import sys
import traceback
from collections.abc import Callable, Sequence

from ml_collections import ConfigDict

from spatialvlm_jax import progress, signals, streams
from spatialvlm_jax.config import parse_experiment
from spatialvlm_jax.config_help import describe_fields
from spatialvlm_jax.errors import UserError, describe_failure
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.flags import FlagParser, place
from spatialvlm_jax.training.logging.recorder import NonFiniteLossError
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.background import short_words
from spatialvlm_jax.training.processes.join import add_process_flags, join_processes
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.processes.workdir import check_workdir, only_run
from spatialvlm_jax.training.provenance import use_compilation_cache

Work = Callable[[argparse.Namespace, Experiment, RunStop], None]


def make_parser(description: str | None, workdir: str) -> argparse.ArgumentParser:
    """A parser with --workdir, whose help is `workdir`, and the flags of processes.

    Its help lists the fields of a configuration.
    """
    parser = FlagParser(
        description=description,
        epilog=describe_fields(Experiment),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--workdir", type=place, required=True, help=workdir)
    add_process_flags(parser)
    return parser


def run_entry_point(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    work: Work,
    *,
    only: bool = False,
    of_run: Callable[[argparse.Namespace], ConfigDict] | None = None,
) -> int:
    """Parses a command line, joins other processes, does the work; returns the exit code.

    Args:
      only: keep out others that ask for the same workdir with `only`.
      of_run: finds the configuration where --config is left out; None: it may not be.
    """
    progress.end_importing()
    with signals.listening() as request, streams.lasting(), short_words():
        try:
            args, experiment = parse_experiment(parser, argv, of_run=of_run)
            check_workdir(args.workdir, trains=only)
            join_processes(args)
            use_compilation_cache()
            with only_run(args.workdir) if only else contextlib.nullcontext():
                work(args, experiment, RunStop(request))
        except signals.Interrupted as stopped:
            if multihost.is_main_process():
                print(f"stopping: {stopped}", file=sys.stderr, flush=True)
            return multihost.leave(request.code)
        except BrokenPipeError:
            raise
        except (UserError, OSError) as error:
            return _fail(describe_failure(error), 2)
        except NonFiniteLossError as error:
            return _fail(str(error), 1)
        except Exception:
            if multihost.is_single_process():
                raise
            traceback.print_exc()
            return multihost.leave(1)
        return multihost.leave(0)


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr, flush=True)
    return multihost.leave(code)
