"""Trains the small tokenizer that is shipped, on text made from our own templates and words.

    python -m data_loaders.tokenizer_training --out=spatialvlm_jax/assets/small128.model

Same code, same file: the text is made with a fixed seed and SentencePiece trains in one thread.
"""

import argparse
import collections
import io
import random
import re
import string
from collections.abc import Iterator
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.generation.questions.relations import SECTORS
from spatialvlm_jax.generation.wording import qualitative
from spatialvlm_jax.generation.wording.phrasing import METRES, format_quantity, indefinite, plural
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS, MATERIALS, SHAPE_WORDS

VOCAB_SIZE = 1024
_SUBWORD_VOCAB = 440
_CERTAIN = 0.0  # log-probability of a whole word: no way of spelling it can win
_FILLINGS_PER_TEMPLATE = 60
_MENTIONS_PER_WORD = 80

# What a camera is told as, in words (`data.camera`).
_CAMERA_WORDS = ("camera degrees wide high down up level",)
# What other pictures of homes, streets and shops show, and how people speak of space.
EVERYDAY_WORDS = """
person man woman child dog cat bird horse car bus truck bicycle motorcycle train boat tree flower
grass rock house building door window wall floor ceiling stairs road sidewalk fence sign pole
bench couch armchair ottoman wardrobe dresser drawer nightstand bookcase counter sink toilet
bathtub shower mirror curtain blind rug carpet pillow blanket mattress towel picture frame poster
clock candle fan heater oven stove microwave refrigerator dishwasher toaster kettle pot pan plate
cup glass fork knife spoon tray jar can basket bag backpack suitcase umbrella hat shoe shirt coat
phone keyboard mouse computer screen television speaker camera printer remote cable pen pencil
paper notebook magazine toy doll guitar piano bread apple banana orange cake pizza food drink
kitchen bathroom bedroom office room street large small tall short wide narrow long deep high low
big tiny thick thin near far close next beside between inside outside under over top bottom middle
side edge corner left right front behind above below upper lower first second third last both
inch inches foot feet yard yards meter meters centimeter centimeters millimeter millimeters
kilometer mile degree degrees about roughly around approximately almost exactly more less than
same different light dark gold silver beige tan striped wooden metallic concrete brick leather
rubber stone one two three four five six seven eight nine ten zero none some all any every many
few other another please describe caption detect segment answer question image picture photo
object objects scene what which where when who why how is are was has have does do can could would
it its they them this that these those there here not no yes so and or but if because with without
from into onto to of in on at by for as
glasses jug pitcher bin hamper stand rack hook handle drawers closet pantry garage garden yard lawn
driveway roof chimney balcony porch desktop tablet charger socket switch bulb lantern vacuum broom
mop sponge soap shampoo toothbrush tissue napkin tablecloth cushion futon crib stroller helmet glove
scarf boot sock shorts dress jacket belt wallet purse key lock ladder hammer drill screwdriver saw
nail rope chain wheel tire engine van taxi tram airplane kite sheep cow elephant bear zebra giraffe
duck chicken fish egg cheese milk juice coffee tea water wine beer salad soup rice pasta meat potato
tomato carrot onion pepper lemon grape strawberry peach average size length width depth room area
volume direction position angle clockwise ruler tape measure compare larger farthest
""".split()


def _captions() -> list[str]:
    """Every name the worlds give to things: "mug", "red mug"."""
    return [*CATEGORIES, *(f"{color} {category}" for color in COLORS for category in CATEGORIES)]


def _fill(template: str, draw: random.Random, captions: list[str]) -> str:
    """A template with every placeholder replaced by something that may stand there."""
    filled = []
    for text, field, _, _ in string.Formatter().parse(template):
        filled.append(text)
        if field:
            filled.append(_filling(field, draw, captions))
    return "".join(filled)


def _filling(field: str, draw: random.Random, captions: list[str]) -> str:
    thing = draw.choice(captions)
    relation = draw.choice(list(qualitative.RELATION_WORDS.values()))
    choices = {
        "value": format_quantity(10 ** draw.uniform(-1.3, 1.0), draw.choice(list(METRES))),
        "verdict": draw.choice(["yes", "no"]),
        "color": draw.choice(COLORS),
        "plural": plural(thing),
        "are": draw.choice(["is", "are"]),
        "counted": f"{draw.randrange(9)} {plural(thing)}",
        "one": indefinite(thing),
        "found": f"the {thing} is {draw.choice(COLORS)}",
        "Found": f"There is no {thing}",
        "short": relation[0],
        "long": relation[1],
        "stands": relation[1],
        "listed": ", ".join(draw.choice(COLORS) for _ in range(draw.randint(1, 5))),
        "direction": draw.choice(SECTORS),
        "place": draw.choice(list(qualitative.PLACE_WORDS.values())),
        "answer": draw.choice(
            [*COLORS, *MATERIALS, *SHAPE_WORDS, thing, str(draw.randrange(10)), "none"]
        ),
    }
    return choices.get(field, thing)


def _words(text: str) -> set[str]:
    return {word.strip(".,:?!'") for word in text.split() if "{" not in word}


def certain_words() -> list[str]:
    """The words that the short templates, and what stands in them, are made of."""
    templates = [
        re.sub(r"\{.*?\}", " ", template)
        for wording in TEMPLATES.values()
        for template in (*wording.questions[:3], *wording.answers[:1], *wording.reasons[:1])
    ]
    names = [*CATEGORIES, *map(plural, CATEGORIES), *COLORS, *MATERIALS, *SHAPE_WORDS]
    relations = [word for pair in qualitative.RELATION_WORDS.values() for word in pair]
    texts = [*templates, *names, *relations, *SECTORS, *_CAMERA_WORDS, "yes no none m"]
    return sorted(set(re.findall("[A-Za-z]+(?:'[a-z]+)?", " ".join(texts))))


def training_text() -> Iterator[str]:
    """Sentences of our templates, and every word of ours often enough to become a piece."""
    draw = random.Random(0)
    captions = _captions()
    templates = [
        template
        for wording in TEMPLATES.values()
        for template in (*wording.questions, *wording.answers, *wording.reasons)
    ]
    for template in templates:
        for _ in range(_FILLINGS_PER_TEMPLATE):
            yield _fill(template, draw, captions)
    ours = {*CATEGORIES, *map(plural, CATEGORIES), *COLORS, *MATERIALS, *SHAPE_WORDS, *METRES}
    ours |= {*templates, *qualitative.PLACE_WORDS.values(), *EVERYDAY_WORDS}
    ours |= {word for pair in qualitative.RELATION_WORDS.values() for word in pair}
    for word in sorted(set().union(*map(_words, ours)) - {""}):
        for _ in range(_MENTIONS_PER_WORD):
            yield f"{draw.choice(captions)} {word} {draw.choice(EVERYDAY_WORDS)}"
    yield from string.printable[:95]


def _train_subwords() -> bytes:
    """A SentencePiece model of `_SUBWORD_VOCAB` pieces, numbered as PaliGemma's."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=training_text(),
        model_writer=model,
        model_type="unigram",
        vocab_size=_SUBWORD_VOCAB,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        byte_fallback=True,
        character_coverage=1.0,
        user_defined_symbols=["\n", *string.digits],
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def train_tokenizer() -> bytes:
    """A serialised SentencePiece model of `VOCAB_SIZE` pieces.

    The newline and every digit are pieces of their own, and so are all `certain_words` and, while
    there is room, the most frequent others: the trainer would rather spell the rarer ones, but
    short sequences are worth more here than a vocabulary that compresses best. Whatever is not
    covered is spelled in bytes.
    """
    model = sentencepiece_model_pb2.ModelProto.FromString(  # type: ignore[attr-defined]
        _train_subwords()
    )
    known = {piece.piece: piece for piece in model.pieces}
    counts = collections.Counter(
        word.strip(".,:?!'") for text in training_text() for word in text.split()
    )
    frequent = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    words = dict.fromkeys((*certain_words(), *filter(str.isalpha, frequent)))
    for piece in (f"\N{LOWER ONE EIGHTH BLOCK}{word}" for word in words):
        if piece in known:
            known[piece].score = _CERTAIN
        elif len(model.pieces) < VOCAB_SIZE:
            model.pieces.add(piece=piece, score=_CERTAIN)
    model.trainer_spec.vocab_size = len(model.pieces)
    return model.SerializeToString(deterministic=True)


def main() -> None:
    """Writes the model to a file."""
    parser = argparse.ArgumentParser(description="Train the small tokenizer that is shipped.")
    parser.add_argument("--out", type=Path, required=True, help="file of the model")
    args = parser.parse_args()
    with whole_file(args.out) as temporary:
        temporary.write_bytes(train_tokenizer())
    print(f"{args.out}: {VOCAB_SIZE} pieces")


if __name__ == "__main__":
    main()
