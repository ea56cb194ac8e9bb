"""`spatialvlm generate`: draw scenes, ask questions about them, store both."""

import argparse
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.records import QA, Scene

_DESCRIPTION = """\
Makes a data set of rendered scenes with exact geometry and question-answer pairs about them.

It is stored as ArrayRecord shards in TFDS layout, one example an image with all its pairs. The
same command always makes the same bytes. Cut off at any point and run again, it goes on where it
was; run once more, it finds nothing to do. Images that could not be stored are listed with their
reasons in DIR/ledger.jsonl, and DIR/summary.json counts asked = stored + rejected + failed.
"""
_EPILOG = """\
examples:
  spatialvlm generate --out=data/worlds --images=4000
  spatialvlm generate --out=data/worlds --split train=3600,validation=400 --workers=2
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `generate`."""
    parser = subparsers.add_parser(
        "generate",
        help="make a data set of scenes with question-answer pairs",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--source", choices=["worlds"], default="worlds", help="where scenes come from")
    add("--out", type=Path, required=True, metavar="DIR", help="directory of the data set")
    add("--images", type=int, default=4000, help="images in all (default: %(default)s)")
    add(
        "--validation-images",
        type=int,
        metavar="N",
        help="how many of them are held out as the split 'validation' (default: a tenth)",
    )
    add(
        "--split",
        metavar="NAME=N,...",
        help="images of each split, instead of --images and --validation-images",
    )
    add("--seed", type=int, default=0, help="another seed draws other scenes (default: 0)")
    add(
        "--preset",
        default="rich",
        help="kind of worlds: simple, clear, rich, gallery (default: rich)",
    )
    add("--image-size", type=int, metavar="PIXELS", help="side of an image (default: the preset's)")
    add("--pairs-per-image", type=int, metavar="N", help="at most this many pairs an image")
    add("--question-phrasings", type=int, metavar="N", help="only the first N ways to ask a type")
    add("--answer-phrasings", type=int, metavar="N", help="only the first N ways to answer it")
    add("--shards", type=int, metavar="N", help="shards of the largest split; others in proportion")
    add("--workers", type=int, default=1, help="processes (default: 1)")
    add("--quiet", action="store_true", help="no progress bar")


def _positive(name: str, value: int | None) -> None:
    if value is not None and value < 1:
        raise UserError(f"--{name} must be at least 1, not {value}")


def parse_splits(args: argparse.Namespace) -> dict[str, int]:
    """Images of each split, from the arguments.

    Raises:
      UserError: the arguments do not describe splits.
    """
    if args.split:
        splits = {}
        for part in args.split.split(","):
            name, _, count = part.partition("=")
            if not name.isidentifier() or not count.isdigit() or int(count) < 1:
                raise UserError(f"--split wants NAME=N,... such as train=3600, not {part!r}")
            if name in splits:
                raise UserError(f"--split names {name!r} twice")
            splits[name] = int(count)
        return splits
    _positive("images", args.images)
    held_out = args.images // 10 if args.validation_images is None else args.validation_images
    if not 0 <= held_out < args.images:
        raise UserError(f"--validation-images must be from 0 to {args.images - 1}, not {held_out}")
    return {"train": args.images - held_out} | ({"validation": held_out} if held_out else {})


@dataclasses.dataclass(frozen=True)
class WorldsSource:
    """Rendered scenes with exact geometry, and questions about them.

    world: fields of `worlds.config.WorldConfig`; questions: fields of `generation.qa.QAConfig`.
    """

    seed: int
    world: Mapping[str, Any]
    questions: Mapping[str, Any]

    @functools.cached_property
    def _configs(self) -> tuple[Any, Any]:
        from spatialvlm_jax.generation.qa import QAConfig
        from spatialvlm_jax.worlds.config import WorldConfig

        return WorldConfig(**self.world), QAConfig(**self.questions)

    def describe(self) -> dict[str, Any]:
        return {
            "source": "worlds",
            "seed": self.seed,
            "world": dict(self.world),
            "questions": dict(self.questions),
        }

    def image_id(self, index: int) -> str:
        return f"worlds-{self.seed}-{index:08d}"

    def observe(self, indices: Sequence[int]) -> list[Scene]:
        from spatialvlm_jax.worlds.source import generate_scenes

        return generate_scenes(self._configs[0], self.seed, list(indices))

    def scene(self, observed: Scene) -> Scene:
        return observed

    def pairs(self, scene: Scene) -> list[QA]:
        from spatialvlm_jax.generation.qa import generate_pairs

        return generate_pairs(scene, self._configs[1], self.seed)


def worlds_source(args: argparse.Namespace) -> WorldsSource:
    """The source that the arguments describe.

    Raises:
      UserError: there is no such preset.
    """
    from spatialvlm_jax.generation.qa import QAConfig
    from spatialvlm_jax.worlds.config import WorldConfig

    _positive("image-size", args.image_size)
    asked = {
        field: getattr(args, field)
        for field in ("pairs_per_image", "question_phrasings", "answer_phrasings")
        if getattr(args, field) is not None
    }
    for field, value in asked.items():
        _positive(field.replace("_", "-"), value)
    changes = {} if args.image_size is None else {"image_size": args.image_size}
    try:
        world = WorldConfig.preset(args.preset, **changes)
    except ValueError as error:
        raise UserError(str(error)) from None
    return WorldsSource(
        seed=args.seed,
        world=dataclasses.asdict(world),
        questions=dataclasses.asdict(QAConfig(**asked)),
    )


def run(args: argparse.Namespace) -> int:
    """Makes the data set and prints what was made."""
    from spatialvlm_jax.generation.pipeline import generate

    splits = parse_splits(args)
    _positive("workers", args.workers)
    _positive("shards", args.shards)
    if args.out.exists() and not args.out.is_dir():
        raise UserError(f"--out={args.out} is a file, not a directory")
    largest = max(splits.values())
    shards = args.shards and {
        split: max(1, round(args.shards * images / largest)) for split, images in splits.items()
    }
    report = generate(
        worlds_source(args),
        splits,
        args.out,
        shards=shards or None,
        workers=args.workers,
        quiet=args.quiet,
    )
    print(
        f"{args.out}: {report.stored} images, {report.pairs} pairs "
        f"({', '.join(f'{count} {kind}' for kind, count in sorted(report.kinds.items()))}); "
        f"{report.rejected} rejected, {report.failed} failed"
        + (f", see {args.out / 'ledger.jsonl'}" if report.stored < report.asked else "")
    )
    return 0
