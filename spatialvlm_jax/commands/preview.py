"""`spatialvlm preview`: a sheet of worlds to look at before making a data set of them."""

import argparse
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import SEED, place, whole_number

_DESCRIPTION = """\
Draws a few scenes of a kind of worlds and writes them side by side into one PNG file.

The same preset, seed and first scene always give the same picture.
"""
_EPILOG = """\
examples:
  spatialvlm preview --out=worlds.png
  spatialvlm preview --preset=gallery --count=6 --columns=3 --out=gallery.png
  spatialvlm preview --preset=simple --show=image,depth,instances --count=8 --columns=2
"""
_COUNT, _NATURAL = whole_number(1, 10_000), whole_number(0, 1_000_000_000)


def add_parser(subparsers: Any) -> None:
    """Adds the verb `preview`."""
    parser = subparsers.add_parser(
        "preview",
        help="draw a sheet of worlds to look at",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=place, default=Path("worlds.png"), metavar="FILE", help="PNG file to write")
    add(
        "--preset",
        default="rich",
        help="kind of worlds: simple, clear, rich, gallery (default: rich)",
    )
    add("--count", type=_COUNT, default=24, help="how many scenes (default: %(default)s)")
    add("--columns", type=_COUNT, default=6, help="scenes in a row (default: %(default)s)")
    add("--seed", type=SEED, default=0, help="another seed draws other scenes (default: 0)")
    add("--first", type=_NATURAL, default=0, help="number of the first scene (default: 0)")
    add("--image-size", type=_NATURAL, metavar="PIXELS", help="side (default: the preset's)")
    add("--scale", type=_NATURAL, default=0, help="enlarge pixels (default: to be seen)")
    add(
        "--show",
        default="image",
        metavar="VIEW,...",
        help="what to show of each scene: image, depth, instances (default: image)",
    )


def run(args: argparse.Namespace) -> None:
    """Writes the sheet.

    Raises:
      UserError: an argument does not make sense, or the file cannot be written.
    """
    from PIL import Image

    from spatialvlm_jax.worlds.config import WorldConfig
    from spatialvlm_jax.worlds.sheet import VIEWS, contact_sheet
    from spatialvlm_jax.worlds.source import generate_scenes

    views = args.show.split(",")
    if unknown := sorted(set(views) - set(VIEWS)):
        raise UserError(f"--show knows {', '.join(VIEWS)}, not '{unknown[0]}'")
    if args.out.suffix.lower() != ".png":
        raise UserError(f"--out must name a .png file, not '{args.out}'")
    changes = {} if args.image_size is None else {"image_size": args.image_size}
    try:
        config = WorldConfig.preset(args.preset, **changes)
    except ValueError as error:
        raise UserError(str(error)) from error
    scenes = generate_scenes(config, args.seed, range(args.first, args.first + args.count))
    scale = args.scale or max(1, 160 // config.image_size)
    sheet = contact_sheet(scenes, args.columns, views, scale)
    try:
        with whole_file(args.out) as temporary:
            Image.fromarray(sheet).save(temporary, format="png", optimize=True)
    except OSError as error:
        raise UserError(f"cannot write {args.out}: {error.strerror}") from error
    print(f"{args.out}: {len(scenes)} scenes of {config.image_size} pixels")
