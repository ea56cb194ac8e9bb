"""`spatialvlm serve`: a model behind HTTP, for the clients of OpenAI's chat completions."""

import argparse
import dataclasses
import os
import sys
from typing import Any

from spatialvlm_jax.flags import number, whole_number
from spatialvlm_jax.inference.asking_flags import (
    add_doubt_flags,
    add_model_flags,
    add_values_flag,
    doubt_by_flags,
    model_name,
)
from spatialvlm_jax.serving.address import (
    add_address_flags,
    check_server_packages,
    is_here,
    web_address,
)

_KEY = "SPATIALVLM_API_KEY"
_DESCRIPTION = f"""\
Answers OpenAI's chat completions about one picture, sent as a data URL: /v1/chat/completions, also
as a stream, /v1/models, /health and /metrics. A reply has the figures of `spatialvlm ask` beside
the text, under "spatial". What several clients ask within a few milliseconds is answered together.

Where the variable {_KEY} is set, requests must carry it as their key. Nothing is stored,
and nothing fetched unless --allow-remote-images is said. SIGTERM and Ctrl-C end it when what it has
taken is answered.
"""
_EPILOG = """\
examples:
  spatialvlm serve
  spatialvlm serve --model=runs/mine --name=mine --port=8001
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="answer questions over HTTP",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_model_flags(add)
    add("--name", default="", metavar="NAME", help="of the model to clients (its last part)")
    add_address_flags(add, 8000)
    add_values_flag(add)
    add_doubt_flags(parser)
    help_text = "listen at once; the first questions of each number of pictures wait for compiling"
    add("--no-warm-up", action="store_true", help=help_text)
    help_text = (
        "also fetch pictures that are named by an address, from public addresses alone, as many "
        "bytes as a body may have, within 10 seconds"
    )
    add("--allow-remote-images", action="store_true", help=help_text)
    add = parser.add_argument_group("how much it takes").add_argument
    help_text = "questions that are answered together (%(default)s); 1 answers each alone"
    add("--together", type=whole_number(1, 32), default=32, metavar="N", help=help_text)
    help_text = "requests at a time; more get 429 (%(default)s)"
    add("--waiting", type=whole_number(1, 100_000), default=256, metavar="N", help=help_text)
    help_text = "for a request to arrive, and again for its answer (%(default)s)"
    add("--seconds", type=number(0.1, 3_600), default=60.0, metavar="S", help=help_text)
    help_text = "of a request's body, in MiB (%(default)s)"
    add("--body", type=whole_number(1, 1_024), default=16, metavar="MIB", help=help_text)
    help_text = "of encoded pictures that are kept, in MiB; 0 encodes each anew (%(default)s)"
    add("--image-cache", type=whole_number(0, 2**20), default=256, metavar="MIB", help=help_text)


def run(args: argparse.Namespace) -> int:
    """Loads the model, compiles it, and serves."""
    check_server_packages()
    from spatialvlm_jax import progress, signals

    progress.begin_importing()
    from spatialvlm_jax.inference.image_encodings import ImageEncodings
    from spatialvlm_jax.inference.load import load_to_ask
    from spatialvlm_jax.serving.application import Application
    from spatialvlm_jax.serving.limits import Limits
    from spatialvlm_jax.serving.remote_images import RemoteImages
    from spatialvlm_jax.serving.server import open_socket, serve
    from spatialvlm_jax.serving.warm_up import warm_up_steps

    progress.end_importing()
    limits = Limits(
        body=args.body * 2**20,
        waiting=args.waiting,
        seconds=args.seconds,
        together=args.together,
    )
    key, name = os.environ.get(_KEY, "").strip(), args.name or model_name(args.model)
    with open_socket(args.host, args.port) as listening:
        with progress.waiting("loading the model", "loaded it"):
            loaded = load_to_ask(args.model, args.tokenizer, args.untaught, args.unseen)
        encodings = ImageEncodings(args.image_cache * 2**20)
        doubt = doubt_by_flags(args, loaded.doubt)
        model = dataclasses.replace(loaded, encodings=encodings, doubt=doubt)
        if not args.no_warm_up:
            steps = list(warm_up_steps(model, limits.together, args.scored_values))
            for number, (what, ask) in enumerate(steps, 1):
                doing = f"warming up, {number} of {len(steps)}: {what}"
                with progress.waiting(f"{doing} (compiled once, and kept)", doing):
                    ask()
        stop = signals.listen()
        stop.defer()
        remote = RemoteImages(limits.body) if args.allow_remote_images else None
        application = Application(
            model,
            name,
            limits,
            host=args.host,
            key=key,
            scored_values=args.scored_values,
            remote=remote,
        )
        address = web_address(args.host, listening.getsockname()[1])
        print(f"{name} answers at {address}/v1", flush=True)
        if not key and not is_here(args.host):
            said = f"others reach {args.host}, and no {_KEY} is set: anyone may ask"
            print(f"spatialvlm serve: {said}", file=sys.stderr)
        serve(application, listening, limits, stop)
    return stop.code
