"""`spatialvlm evaluate`: models asked the questions of public benchmarks, in one report."""

import argparse
from typing import Any

from spatialvlm_jax.asking.flags import add_benchmark_flags, add_endpoint_flags
from spatialvlm_jax.flags import place

_DESCRIPTION = """\
Asks models the questions of public benchmarks by their official prompts, marks the replies as
`spatialvlm score` does, and writes one report: report.html, report.md and report.json in --out.
Nothing is downloaded; `spatialvlm benchmarks` says where each benchmark is found.

MODEL is "small128", which ships with the code; the workdir of a run; a weight file of ours; hf:DIR,
a Hugging Face PaliGemma; or openai:URL#NAME, a model behind an endpoint that speaks OpenAI's Chat
Completions (without #NAME the first one it lists). Only the latter sends anything anywhere.

Replies are kept below --out/replies as they come. The same command goes on where it was stopped:
what is answered is not asked again, what failed is. Benchmarks of several pictures or of video are
not asked. --probes asks all again behind other pictures: what is left then was not seen. The exit
code is 1 where a question got no reply.
"""
_EPILOG = """\
examples:
  spatialvlm evaluate --benchmark=cv_bench --data=downloaded/cv_bench --out=runs/benchmarks
  spatialvlm evaluate --model=runs/mine --model=hf:models/paligemma --benchmark=cv_bench \\
    --benchmark=pope --data=downloaded --images=downloaded/val2014 --out=runs/compared
  spatialvlm evaluate --model=openai:http://127.0.0.1:8000/v1 --benchmark=q_spatial \\
    --data=downloaded --questions=50 --most-tokens=100000 --out=runs/served
  spatialvlm evaluate --benchmark=emb_spatial --data=downloaded --probes=blind,other_picture \\
    --out=runs/probed
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `evaluate`."""
    parser = subparsers.add_parser(
        "evaluate",
        help="ask models the questions of public benchmarks",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_benchmark_flags(parser.add_argument)
    help_text = "the report goes there, and replies"
    parser.add_argument("--out", type=place, required=True, metavar="DIR", help=help_text)
    add_endpoint_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Asks and reports."""
    from spatialvlm_jax import progress

    progress.begin_importing()
    from spatialvlm_jax.asking.several_benchmarks import run_benchmarks

    progress.end_importing()
    return run_benchmarks(args, args.out)
