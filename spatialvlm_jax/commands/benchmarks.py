"""`spatialvlm benchmarks`: which public benchmarks can be scored."""

import argparse
from typing import Any

from spatialvlm_jax.flags import check_suffix, place, whole_number

_DESCRIPTION = """\
Lists the public benchmarks that `spatialvlm score` knows: what each measures, how many questions it
has, under which licence, from which project, where that is found, and which of its files are read.
Nothing is downloaded. Official is the rule of the benchmark's own code, to the letter; robust reads
what a reply says, whatever its form.

With --data and --questions, the questions of one benchmark are written a line each, as they are
asked officially: {"id": ..., "prompt": ..., "image_id": ...}. What a model replies to them, with
their ids, is what `spatialvlm score` marks. --images names the folder of the pictures, where the
benchmark has them in files of their own: then each line has the path of its "image", and a picture
that is not there is an error.

With --render, rendered twins are written: the files of a benchmark (of all, without NAME) as its
project publishes them, with questions of its kinds about rendered scenes, and exact answers. All
that reads the benchmark reads them, without a download; figures of them are none of the benchmark.
"""
_SCENES = 20
_EPILOG = """\
examples:
  spatialvlm benchmarks
  spatialvlm benchmarks --render=runs/twins --scenes=20
  spatialvlm evaluate --benchmark=cv_bench --data=runs/twins --out=runs/cv_bench
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `benchmarks`."""
    parser = subparsers.add_parser(
        "benchmarks",
        help="list the public benchmarks that can be scored",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("name", nargs="?", default="", help="one of them (default: all)")
    add("--data", type=place, metavar="PATH", help="the benchmark's own files")
    add("--questions", type=place, metavar="FILE", help="write its questions there (.jsonl)")
    add("--images", type=place, metavar="DIR", help="where its pictures are")
    help_text = "leave out questions without a field or a picture, and count them"
    add("--allow-missing", action="store_true", help=help_text)
    help_text = "write rendered twins there, each into a folder of its name"
    add("--render", type=place, metavar="DIR", help=help_text)
    add("--scenes", type=whole_number(2, 100_000), metavar="N", help="of twins (20)")
    add("--seed", type=whole_number(0, 2**31 - 1), metavar="N", help="of the scenes of twins (0)")


def run(args: argparse.Namespace) -> int:
    """Prints what is known of them."""
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS, find_benchmark

    if args.render:
        return _render(args)
    if args.scenes is not None or args.seed is not None:
        raise UserError("--scenes and --seed are of twins: name their folder, --render=DIR")
    if args.data or args.questions or args.images:
        return _write_questions(args)
    chosen = [find_benchmark(args.name)] if args.name else list(BENCHMARKS.values())
    for each in chosen:
        lines = {
            "measures": each.measures,
            "questions": each.size,
            "pictures": each.pictures,
            "licence": each.licence,
            "from": each.project,
            "found at": each.site,
            "reads": each.files,
            "official": each.official_is,
            "other rules": "; ".join(each.rules),
            "tracks": ", ".join(each.tracks),
        }
        print(each.name)
        print("".join(f"  {name:12}{said}\n" for name, said in lines.items() if said))
    return 0


def _render(args: argparse.Namespace) -> int:
    from spatialvlm_jax import progress
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark

    if args.data or args.questions or args.images:
        raise UserError("--render writes files of its own: leave out --data, --questions, --images")
    if args.name:
        find_benchmark(args.name)
    progress.begin_importing()
    from spatialvlm_jax.rendered_benchmarks.asked_scene import draw_scenes
    from spatialvlm_jax.rendered_benchmarks.write import TWINS, check_twins, write_twins

    progress.end_importing()
    names = [args.name] if args.name else list(TWINS)
    check_twins(names, args.render)
    count, seed = args.scenes or _SCENES, args.seed or 0
    bar = progress.bar(draw_scenes(count, seed), desc="rendering", unit="scene", total=count)
    for name, folder in write_twins(names, list(bar), args.render, seed).items():
        print(f"{name}: {folder}")
    return 0


def _write_questions(args: argparse.Namespace) -> int:
    from spatialvlm_jax.asking.flags import find_data
    from spatialvlm_jax.atomic_write import write_json_lines
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
    from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
    from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark

    if not (args.name and args.data and args.questions):
        raise UserError("questions are written of one benchmark: NAME --data=PATH --questions=FILE")
    check_suffix(args.questions, "--questions", ".jsonl")
    args.data = find_data(args.data, args.name, is_only=True)
    if args.questions.exists() and args.questions.resolve().is_relative_to(args.data.resolve()):
        raise UserError(f"--questions={args.questions} is what is read: name another place")
    pictures = PictureFolder(args.images) if args.images else None
    benchmark = find_benchmark(args.name)
    questions = load_questions(benchmark, args.data, args.allow_missing, pictures)
    lines = []
    for item in questions.items:
        line = {"id": item.id, "prompt": item.prompt, "image_id": item.image_id}
        lines.append(line | ({"image": str(pictures.find(item.picture))} if pictures else {}))
    write_json_lines(args.questions, lines)
    print(f"{args.questions}: {len(lines):,} questions, {len(questions.missing):,} left out")
    for missing in questions.missing[:1]:
        print(f"left out: {missing}")
    return 0
