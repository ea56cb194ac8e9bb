"""`spatialvlm generate`: from images, rendered or real, to stored questions and answers."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import WORKERS, number, parse_whole_number, place, whole_number

TAKES_OVERRIDES = True

_DESCRIPTION = """\
Makes a data set of images with spatial and general question-answer pairs, and the metric truth
behind every answer. Images come from one source:

  worlds           rendered rooms with exact geometry, without end
  omni3d           annotated 3D boxes in the Omni3D form (SUN RGB-D, KITTI, nuScenes, ...)
  rgbd             folders of colour, depth and instance masks (NYU-, SUN-, ScanNet-like)
  photos           any folder, tar, parquet or list of pictures, looked at by expert models
  rendered_photos  rendered rooms looked at by stand-in experts: the path of photos without weights

The set is stored as ArrayRecord shards in TFDS layout, one example an image with all its pairs. The
same command makes the same bytes, for any number of workers. Cut off at any point and run again, it
goes on where it was; run once more, it finds nothing to do, except that images whose files have
changed in between are named and made again. Images that could not be stored are listed with their
reasons in DIR/ledger.jsonl, and DIR/summary.json counts asked = stored + rejected + failed.
"""
_EPILOG = """\
examples:
  spatialvlm generate --out=data/worlds --images=4000
  spatialvlm generate --out=data/worlds --split=train=3600,validation=400 --workers=2
  spatialvlm generate --source=omni3d --annotations=KITTI_train.json --image-root=datasets \\
    --units=human --out=data/kitti
  spatialvlm generate --source=rgbd --rgbd=scans --layout=scannet --split-by=folder --out=data/scans
  spatialvlm generate --source=photos --photos=pictures --dry-run --out=data/photos
  spatialvlm generate --source=photos --photos=pictures --boxes=boxes.json --depth=depth \\
    --fov=69 --out=data/photos
  spatialvlm generate --source=rendered_photos --images=200 --config=configs/generation.py:noisy \\
    --out=data/noisy
  spatialvlm generate --source=photos --photos=shards --config=configs/generation.py:paper \\
    --config.experts.device=cuda --config.questions.weights="{'distance': 2.0}" --out=data/photos

Any setting can be overridden as --config.FIELD=VALUE, with or without --config=FILE;
docs/settings.md has them all. docs/generation.md is the guide.
"""
_SOURCES = ("worlds", "omni3d", "rgbd", "photos", "rendered_photos")
MOST_IMAGES = 1_000_000_000
_IMAGES, _SHARDS = whole_number(1, MOST_IMAGES), whole_number(1, 100_000)
# Of numbers that are settings: their records have the bounds.
_WHOLE, _NUMBER = whole_number(), number()


def add_parser(subparsers: Any) -> None:
    """Adds the verb `generate`.

    Options that are fields of `GenerationSettings` have the field's name as their destination.
    """
    parser = subparsers.add_parser(
        "generate",
        help="make a data set of images with question-answer pairs",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_run(parser.add_argument_group("the run"))
    _add_questions(parser.add_argument_group("questions"))
    _add_sources(parser)
    parser.set_defaults(overrides=[])


def _add_run(group: Any) -> None:
    add = group.add_argument
    add("--source", dest="source", choices=_SOURCES, help="where images come from (worlds)")
    add("--out", type=place, required=True, metavar="DIR", help="directory of the data set")
    add("--config", metavar="FILE.py[:PRESET]", help="settings; see configs/generation.py")
    add("--images", type=_IMAGES, metavar="N", help="images in all (worlds: 4000; else all)")
    help_text = "how many of them are held out as the split 'validation' (a tenth)"
    add("--validation-images", type=whole_number(0, MOST_IMAGES), metavar="N", help=help_text)
    help_text = "images of each split, instead of --images and --validation-images"
    add("--split", metavar="NAME=N,...", help=help_text)
    help_text = "what is held out whole: image, or folder (a video, room or tar)"
    add("--split-by", dest="split.by", choices=("image", "folder"), help=help_text)
    add("--seed", dest="seed", type=_WHOLE, metavar="N", help="another seed asks otherwise (0)")
    add("--shards", type=_SHARDS, metavar="N", help="of the largest split; others in proportion")
    add("--workers", type=WORKERS, default=1, metavar="N", help="processes (1)")
    help_text = "run on Ray: 'local', 'auto', or HOST:PORT of a cluster that shares DIR"
    add("--ray-address", metavar="ADDRESS", help=help_text)
    help_text = "share of a GPU of each worker that runs experts on Ray (0)"
    add("--ray-gpus", type=number(0, 1_024), default=0.0, metavar="SHARE", help=help_text)
    add("--dry-run", action="store_true", help="only say what would be made")
    add("--quiet", action="store_true", help="no progress bar")


def _add_questions(group: Any) -> None:
    add = group.add_argument
    help_text = "at most this many pairs an image (32)"
    add(
        "--pairs-per-image",
        dest="questions.pairs_per_image",
        type=_WHOLE,
        metavar="N",
        help=help_text,
    )
    help_text = "only these question types, by name; docs/questions.md lists them"
    add("--types", dest="questions.types", type=_names, metavar="A,B,...", help=help_text)
    help_text = "metric: metres, two digits; human: as people say it (metric)"
    add("--units", dest="questions.units", choices=("metric", "human"), help=help_text)
    help_text = "only the first N ways to ask a type"
    add("--question-phrasings", dest="questions.question_phrasings", type=_WHOLE, metavar="N",
        help=help_text)  # fmt: skip
    help_text = "only the first N ways to answer it"
    add("--answer-phrasings", dest="questions.answer_phrasings", type=_WHOLE, metavar="N",
        help=help_text)  # fmt: skip


def _add_sources(parser: argparse.ArgumentParser) -> None:
    """Adds the options of each source, and keeps which those are in `sources_of`."""
    known: dict[str, tuple[str, tuple[str, ...]]] = {}

    def group(*sources: str) -> Callable[..., None]:
        found = parser.add_argument_group(", ".join(sources))

        def add(flag: str, *, of: tuple[str, ...] = sources, **options: Any) -> None:
            known[found.add_argument(flag, **options).dest] = (flag, of)

        return add

    parser.set_defaults(sources_of=known)
    add = group("worlds", "rendered_photos")
    add(
        "--preset",
        dest="worlds.preset",
        metavar="NAME",
        help="simple, clear, rich, gallery, manipulation, holding (rich)",
    )
    help_text = "also ask composed questions, which spatialvlm reason breaks up"
    add("--composed", dest="composed", of=("worlds",), action="store_true", default=None,
        help=help_text)  # fmt: skip
    help_text = "side of an image (the preset's)"
    add("--image-size", dest="worlds.image_size", type=_WHOLE, metavar="PIXELS", help=help_text)

    add = group("omni3d")
    help_text = "an annotation file; may be given again"
    add("--annotations", dest="omni3d.annotations", action="append", metavar="JSON", help=help_text)
    help_text = "the folder that its file paths are relative to"
    add("--image-root", dest="omni3d.image_root", metavar="DIR", help=help_text)

    add = group("rgbd")
    add("--rgbd", dest="rgbd.root", metavar="DIR", help="the folder")
    layouts = ("plain", "nyu", "scannet", "sunrgbd")
    add("--layout", dest="rgbd.layout", choices=layouts, help="how files are named (plain)")
    add("--color-glob", dest="rgbd.color", metavar="GLOB", help="colour pictures below the folder")
    for name in ("depth", "masks", "labels", "intrinsics", "gravity"):
        help_text = f"the {name} file of a picture; {{dir}}, {{parent}}, {{stem}} stand for its own"
        flag = f"--{name}-glob" if name in ("depth", "masks") else f"--{name}"
        add(flag, dest=f"rgbd.{name}", metavar="PATTERN", help=help_text)
    help_text = "integer depth divided by this is metres (1000); of --depth, too"
    add("--depth-scale", dest="rgbd.depth_scale", of=("rgbd", "photos"), type=_NUMBER,
        metavar="X", help=help_text)  # fmt: skip

    add = group("photos")
    help_text = "a folder, .tar, .parquet, or a text file with a path a line"
    add("--photos", dest="photos.path", metavar="PATH", help=help_text)
    add("--list-root", dest="photos.root", metavar="DIR", help="what paths in a list start from")
    help_text = "files of any name, not only those named like pictures"
    add("--all-files", dest="photos.all_files", action="store_true", default=None, help=help_text)
    add("--column", dest="photos.column", metavar="NAME", help="pictures in a table (image)")
    help_text = "angle of the longer side where a file does not tell its focal length"
    add("--fov", dest="photos.fov", type=_NUMBER, metavar="DEGREES", help=help_text)
    help_text = "boxes and masks of other models, as a COCO file; instead of models that find them"
    add("--boxes", type=place, metavar="JSON", help=help_text)
    help_text = "captions of these boxes: a JSON Lines file of annotation_id and caption"
    add("--captions", dest="experts.captions", metavar="JSONL", help=help_text)
    help_text = "depth of other models: DIR/a/b.npy, .exr or 16-bit .png of the picture a/b.jpg"
    add("--depth", type=place, metavar="DIR", help=help_text)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return names


def read_settings(args: argparse.Namespace) -> Any:
    """The `GenerationSettings` of a command line: file, then options, then overrides.

    Raises:
      UserError: a field, a value or a file is wrong.
    """
    from spatialvlm_jax.config import from_config_dict, override_fields, read_settings_file
    from spatialvlm_jax.generation.settings import GenerationSettings

    config = read_settings_file(GenerationSettings, args.config)
    fields = {"source", "seed", "composed"}
    for name, value in vars(args).items():
        if value is not None and ("." in name or name in fields):
            *path, last = name.split(".")
            place = config
            for step in path:
                place = place[step]
            place[last] = tuple(value) if isinstance(value, list) else value
    _set_file_experts(config, args)
    override_fields(config, args.overrides, GenerationSettings)
    settings = from_config_dict(GenerationSettings, config)
    _check_source(args, settings.source)
    return settings


def _check_source(args: argparse.Namespace, source: str) -> None:
    """Raises UserError where an option is of other sources: what it names would not be read."""
    for name, (flag, sources) in args.sources_of.items():
        if getattr(args, name) is not None and source not in sources:
            raise UserError(
                f"{flag} is of --source={sources[0]}, and this is {source}: name that source, or "
                f"leave {flag} out"
            )


def _set_file_experts(config: Any, args: argparse.Namespace) -> None:
    """Files in the place of experts; with boxes, nothing is left that only a model could tell."""
    if args.boxes is not None:
        config.experts.update(dict.fromkeys(("filter", "embedder")))
        for stage in ("detector", "segmenter", "ground"):
            config.experts[stage] = f"files:{args.boxes}"
    if args.depth is not None:
        config.experts.depth = f"files:{args.depth}"
    scale = getattr(args, "rgbd.depth_scale")
    if scale is not None:
        config.experts.depth_scale = scale


def parse_splits(text: str) -> dict[str, int]:
    """Images of each split, from "train=3600,validation=400".

    Raises:
      UserError: it does not describe splits.
    """
    splits: dict[str, int] = {}
    for part in text.split(","):
        name, _, count = part.partition("=")
        if not name.isidentifier() or not count:
            raise UserError(f"--split wants NAME=N,... such as train=3600, not {part!r}")
        if name in splits:
            raise UserError(f"--split names {name!r} twice")
        splits[name] = parse_whole_number(count, f"--split {name}", 1, MOST_IMAGES)
    return splits


def open_source(args: argparse.Namespace, settings: Any) -> tuple[Any, dict[str, int]]:
    """The source with the images of each split.

    Raises:
      UserError: the settings lead nowhere, or there are fewer images than asked for.
    """
    from spatialvlm_jax.generation.settings import divide, endless_splits, open_endless, open_finite

    splits = parse_splits(args.split) if args.split else None
    finite = open_finite(settings)
    if finite is None:
        splits = splits or endless_splits(settings.split, args.images, args.validation_images)
        return open_endless(settings), splits
    return divide(
        finite,
        settings.split,
        images=args.images,
        validation=args.validation_images,
        splits=splits,
    )


def _shards(largest: int | None, splits: Mapping[str, int]) -> dict[str, int] | None:
    if largest is None:
        return None
    most = max(splits.values())
    return {name: max(1, round(largest * images / most)) for name, images in splits.items()}


def run(args: argparse.Namespace) -> int:
    """Makes the data set and prints what was made."""
    from spatialvlm_jax import progress

    with progress.waiting("opening the source", "opened the source"):
        from spatialvlm_jax.generation.execution.making import Making
        from spatialvlm_jax.generation.experts.build import check_models
        from spatialvlm_jax.generation.pipeline import check_directory, generate_dataset
        from spatialvlm_jax.generation.settings import stages_of

        check_directory(args.out)
        settings = read_settings(args)
        source, splits = open_source(args, settings)
    if args.dry_run:
        counts = ", ".join(f"{count} in {name}" for name, count in splits.items())
        print(f"{settings.source}: {sum(splits.values())} images, {counts}; nothing was written")
        return 0
    if settings.source == "photos" and not args.ray_address:
        check_models(settings.experts)  # workers of a cluster have their own
    report = generate_dataset(
        source,
        splits,
        args.out,
        stages=stages_of(settings),
        shards=_shards(args.shards, splits),
        workers=args.workers,
        quiet=args.quiet,
        ray_address=args.ray_address,
        ray_gpus=args.ray_gpus,
        making=Making.of_this_process(args.out),
    )
    print(
        f"{args.out}: {report.stored} images, {report.pairs} pairs "
        f"({', '.join(f'{count} {kind}' for kind, count in sorted(report.kinds.items()))}); "
        f"{report.rejected} rejected, {report.failed} failed"
        + (f", see {args.out / 'ledger.jsonl'}" if report.ledger else "")
    )
    print(args.out / "card.html")
    return 0
