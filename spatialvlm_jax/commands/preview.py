"""`spatialvlm preview`: pictures of a stored data set, or of worlds before they are stored."""

import argparse
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import SEED, check_suffix, place, whole_number

_DESCRIPTION = """\
With DIR, writes one HTML page of the pictures of a stored data set (of `spatialvlm generate` or
`convert`): each with the boxes and names of its objects, its questions and their answers.

Without DIR, draws a few scenes of a kind of rendered worlds side by side into one PNG file, before
a data set is made of them. The same preset, seed and first scene always give the same picture.
"""
_EPILOG = """\
examples:
  spatialvlm preview data/worlds
  spatialvlm preview data/worlds --split=validation --first=100 --images=12 --out=validation.html
  spatialvlm preview --out=worlds.png
  spatialvlm preview --preset=gallery --count=6 --columns=3 --out=gallery.png
  spatialvlm preview --preset=simple --show=image,depth,instances --count=8 --columns=2
"""
_COUNT, _NATURAL = whole_number(1, 10_000), whole_number(0, 1_000_000_000)
_MOST_IMAGES = 1_000  # a page of more is no longer opened
_MOST_PIXELS = 1_000_000_000  # of a sheet, which is drawn in memory
_OF_SETS = {"split": "", "images": 24}
_OF_WORLDS = {
    "preset": "rich",
    "count": 24,
    "columns": 6,
    "seed": 0,
    "image_size": None,
    "scale": 0,
    "show": "image",
}


def add_parser(subparsers: Any) -> None:
    """Adds the verb `preview`.

    Options have no defaults here, so that those of the other kind of preview are told.
    """
    parser = subparsers.add_parser(
        "preview",
        help="look at a stored data set, or at worlds before they are stored",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("directory", type=place, nargs="?", metavar="DIR", help="a stored data set")
    help_text = "file to write (preview.html; of worlds, worlds.png)"
    add("--out", type=place, metavar="FILE", help=help_text)
    help_text = "number of the first picture or scene (default: 0)"
    add("--first", type=_NATURAL, default=0, metavar="N", help=help_text)

    add = parser.add_argument_group("a stored data set").add_argument
    add("--split", metavar="NAME", help="split to show (default: its first)")
    help_text = f"how many pictures (default: {_OF_SETS['images']})"
    add("--images", type=whole_number(1, _MOST_IMAGES), metavar="N", help=help_text)

    add = parser.add_argument_group("worlds").add_argument
    add(
        "--preset",
        metavar="NAME",
        help="kind of worlds: simple, clear, rich, gallery, manipulation, holding (default: rich)",
    )
    add("--count", type=_COUNT, metavar="N", help="how many scenes (default: 24)")
    add("--columns", type=_COUNT, metavar="N", help="scenes in a row (default: 6)")
    add("--seed", type=SEED, metavar="N", help="another seed draws other scenes (default: 0)")
    add("--image-size", type=_NATURAL, metavar="PIXELS", help="side (default: the preset's)")
    add("--scale", type=_NATURAL, metavar="N", help="enlarge pixels (default: to be seen)")
    add(
        "--show",
        metavar="VIEW,...",
        help="what to show of each scene: image, depth, instances (default: image)",
    )


def run(args: argparse.Namespace) -> None:
    """Writes the page or the sheet, and says where.

    Raises:
      UserError: an argument does not make sense, or the file cannot be written.
    """
    own, others = (_OF_WORLDS, _OF_SETS) if args.directory is None else (_OF_SETS, _OF_WORLDS)
    for name in others:
        if getattr(args, name) is not None:
            option = f"--{name.replace('_', '-')}"
            where = "of a stored data set: name its folder DIR, too"
            where = where if args.directory is None else "of rendered worlds, without DIR"
            raise UserError(f"{option} is {where}, or leave it out")
    for name, default in own.items():
        if getattr(args, name) is None:
            setattr(args, name, default)
    if args.directory is None:
        _preview_worlds(args, args.out or Path("worlds.png"))
    else:
        _preview_set(args, args.out or Path("preview.html"))


def _preview_set(args: argparse.Namespace, out: Path) -> None:
    check_suffix(out, "--out", ".html")
    from spatialvlm_jax.generation.card.preview import write_preview

    count = write_preview(
        args.directory, out, split=args.split, first=args.first, images=args.images
    )
    print(f"{out}: {count} pictures of {args.directory}")


def _preview_worlds(args: argparse.Namespace, out: Path) -> None:
    from PIL import Image

    from spatialvlm_jax import progress
    from spatialvlm_jax.worlds.config import WorldConfig
    from spatialvlm_jax.worlds.sheet import VIEWS, contact_sheet
    from spatialvlm_jax.worlds.source import generate_scenes

    views = args.show.split(",")
    if unknown := sorted(set(views) - set(VIEWS)):
        raise UserError(f"--show knows {', '.join(VIEWS)}, not '{unknown[0]}'")
    check_suffix(out, "--out", ".png")
    changes = {} if args.image_size is None else {"image_size": args.image_size}
    try:
        config = WorldConfig.preset(args.preset, **changes)
    except ValueError as error:
        raise UserError(str(error)) from error
    scale = args.scale or max(1, 160 // config.image_size)
    if args.count * len(views) * (config.image_size * scale) ** 2 > _MOST_PIXELS:
        raise UserError(
            f"{args.count} scenes of {config.image_size * scale} pixels a side are too much for a "
            "sheet: take less of --count, --image-size or --scale"
        )
    with progress.waiting("compiling the renderer and drawing, 10 to 60 s", "drew the scenes"):
        scenes = generate_scenes(config, args.seed, range(args.first, args.first + args.count))
        sheet = contact_sheet(scenes, args.columns, views, scale)
    try:
        with whole_file(out) as temporary:
            Image.fromarray(sheet).save(temporary, format="png", optimize=True)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror}") from error
    print(f"{out}: {len(scenes)} scenes of {config.image_size} pixels")
