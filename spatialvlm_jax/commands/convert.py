"""`spatialvlm convert`: store a public question-answer set as generated ones are stored."""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import SEED, WORKERS, place

_DESCRIPTION = """\
Stores a public set of questions about pictures in the form that training reads: ArrayRecord shards
in TFDS layout, one example an image with all its questions.

JPEG, PNG and WebP files are kept byte for byte. The same command makes the same bytes for any
number of workers; cut off and run again, it goes on where it was, and pictures that were
replaced in between are read again. Images that could not be stored are listed with their reasons in
DIR/ledger.jsonl; DIR/summary.json counts them (asked = stored + rejected + failed). Questions
that cannot be used are in DIR/rejected_questions.jsonl, counted in DIR/questions.json.

A held-out part is drawn by --validation-images, or converted on its own into the same DIR by
--split=validation; a picture that is in another split already is refused then.
"""
_EPILOG = """\
examples:
  spatialvlm convert --format=vqa_v2 --questions=v2_OpenEnded_mscoco_train2014_questions.json \\
    --annotations=v2_mscoco_train2014_annotations.json --images=train2014.zip --out=data/vqa_v2
  spatialvlm convert --format=okvqa --questions=OpenEnded_mscoco_train2014_questions.json \\
    --annotations=mscoco_train2014_annotations.json --images=train2014.zip --out=data/okvqa
  spatialvlm convert --format=gqa --questions=train_balanced_questions.json --images=images.zip \\
    --out=data/gqa
  spatialvlm convert --format=llava --questions=llava_v1_5_mix665k.json --images=images \\
    --out=data/llava
  spatialvlm convert --format=jsonl --questions=mine.jsonl --images=photos \\
    --validation-images=10% --out=data/mine
  spatialvlm convert --format=csv --questions=sizes.csv --images=photos --kind=auto --out=data/sizes
  spatialvlm convert --format=jsonl --questions=vsr.jsonl --images=photos \\
    --field question=caption --field answer=label --answer-map=1=yes,0=no --out=data/vsr
  spatialvlm convert --format=parquet --data=downloaded --field question=query --out=data/hub
  spatialvlm convert --format=webdataset --data=tars --prompt="Describe the image." \\
    --name=captions --out=data/captions
  spatialvlm convert --format=tfds --data=prepared/my_set/1.0.0 --data-split=train \\
    --field image_id=image/filename --out=data/my_set
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `convert`."""
    from spatialvlm_jax.conversion.formats import FORMATS

    formats = "\n".join(
        f"  {name:11} {form.said} ({', '.join('--' + need for need in form.needs)})"
        for name, form in FORMATS.items()
    )
    parser = subparsers.add_parser(
        "convert",
        help="store a public question-answer set for training",
        description=f"{_DESCRIPTION}\nformats:\n{formats}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--format", required=True, choices=list(FORMATS), help="how the set is published")
    add("--questions", type=place, metavar="FILE", help="its questions")
    add("--annotations", type=place, metavar="FILE", help="the answers to them")
    add("--images", type=place, metavar="DIR|ZIP", help="its pictures; a zip file is read in place")
    add("--image-name", default="", metavar="PATTERN", help="file names: COCO_{subset}_{image_id}")
    add("--data", default="", metavar="PATH", help="file or folder that holds pictures too")
    add("--data-dir", type=place, metavar="DIR", help="where TFDS keeps its registered sets")
    add("--data-split", default="", help="split of a TFDS set to read (default: train)")
    add("--out", type=place, required=True, metavar="DIR", help="directory of the stored data set")
    help_text = "split to store it as, beside those that are there (default: train)"
    add("--split", default="train", metavar="NAME", help=help_text)
    add("--name", default="", help="type of its pairs (default: the format's name)")
    add("--field", action="append", default=[], metavar="NAME=FIELD", help=_field_help())
    add("--prompt", default="", help="the question of records that have an answer only (captions)")
    add(
        "--answer-map",
        default="",
        metavar="LABEL=WORD,...",
        help="words for labels: 1=yes,0=no; true=yes",
    )
    add("--answer", default="most_frequent", help="of several people: most_frequent or sampled")
    help_text = "images to hold out as the split validation: a number, or a share such as 10%%"
    add("--validation-images", default="", metavar="N|P%", help=help_text)
    help_text = "auto: an answer such as 0.10 m is a length, measured as one (default: general)"
    add("--kind", choices=("general", "auto"), default="general", help=help_text)
    add("--seed", type=SEED, default=0, help="of sampled answers and held-out images (default: 0)")
    add("--workers", type=WORKERS, default=1, help="processes (default: 1)")
    add("--quiet", action="store_true", help="no progress bar")


def _field_help() -> str:
    from spatialvlm_jax.conversion.rows import Fields

    names = ", ".join(field.name for field in dataclasses.fields(Fields))
    return f"what the set calls one of {names}; '/' leads into nested fields"


def read_request(args: argparse.Namespace) -> Any:
    """The `Request` of a command line.

    Raises:
      UserError: options do not go together, or one cannot be read.
    """
    from spatialvlm_jax.conversion.convert import VALIDATION
    from spatialvlm_jax.conversion.formats import Request
    from spatialvlm_jax.conversion.rows import parse_answer_map, parse_fields

    if not args.split.isidentifier():
        raise UserError(f"--split={args.split}: letters, digits and _ make the name of a split")
    if args.seed and args.answer != "sampled" and not args.validation_images:
        raise UserError("--seed is of --answer=sampled and --validation-images; leave it out")
    if args.validation_images and args.split == VALIDATION:
        raise UserError("--validation-images holds out of another split than validation")
    return Request(
        format=args.format,
        questions=args.questions,
        annotations=args.annotations,
        images=args.images,
        data=args.data,
        data_dir=args.data_dir,
        data_split=args.data_split,
        image_name=args.image_name,
        fields=parse_fields(args.field),
        prompt=args.prompt,
        answer=args.answer,
        seed=args.seed,
        answer_map=parse_answer_map(args.answer_map),
        kind=args.kind,
    )


def run(args: argparse.Namespace) -> int:
    """Converts and prints what was made."""
    from spatialvlm_jax.conversion.convert import convert
    from spatialvlm_jax.conversion.held_out import HoldOut
    from spatialvlm_jax.generation.execution.making import Making
    from spatialvlm_jax.generation.pipeline import check_directory

    request = read_request(args)
    check_directory(args.out)
    report, questions = convert(
        request,
        args.out,
        name=args.name,
        split=args.split,
        held_out=HoldOut(args.validation_images, args.seed) if args.validation_images else None,
        workers=args.workers,
        quiet=args.quiet,
        making=Making.of_this_process(args.out),
    )
    print(_describe(args.out, report, questions))
    print(args.out / "card.html")
    return 0


def _describe(out: Path, report: Any, questions: Any) -> str:
    """What became of the images and questions, and what the set holds."""
    return (
        f"{out}: {report.asked} images = {report.stored} stored + {report.rejected} rejected "
        f"+ {report.failed} failed; {questions.asked} questions = {questions.stored} stored "
        f"+ {questions.rejected} rejected + {questions.lost_with_image} lost with their image"
        + ("" if report.stored == report.asked else f"; see {out / 'ledger.jsonl'}")
        + f"\n{_describe_splits(out)}"
    )


def _describe_splits(out: Path) -> str:
    """Images and kinds of questions of each split; warns of kinds that only train has."""
    from spatialvlm_jax.generation.execution.ledger import read_split_report
    from spatialvlm_jax.storage.shards import split_sizes

    reports = {split: read_split_report(out, split) for split in split_sizes(out)}
    trained = reports["train"].kinds.keys() if "train" in reports else set()
    for split, report in reports.items():
        if lacking := sorted(trained - report.kinds.keys()):
            kinds = " and no ".join(lacking)
            logging.warning("%s: %s has no %s question, and train has", out, split, kinds)
    return "; ".join(
        f"{split} {report.stored} images: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(report.kinds.items()))
        for split, report in reports.items()
    )
