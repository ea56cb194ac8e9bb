"""The words of captions: normal forms, head nouns, and which caption may fit which object.

Captions come from detectors and annotators: English noun phrases of a few words, in any case, with
or without an article. Nothing here looks at geometry.
"""

import dataclasses
import functools
import re
from collections.abc import Sequence

# What annotators call regions that may hold things of any kind.
ANYTHING = frozenset(
    """anything dontcare ignore ignored other others otherprop otherfurniture otherstructure unknown
    void misc unlabeled unlabelled unclassified unannotated""".split()
)
_NO_NAME = frozenset(("none", "null", "nan", "n/a"))
_LONGEST_NAME = 100
_ARTICLES = frozenset("a an the this that one some his her their its my your".split())
# What ends the part of a noun phrase that holds its head: "mug | on the table".
_BREAKS = frozenset(
    """on in of with at by near next to behind beside below under underneath above over against
    between around from for inside outside that which who holding sitting standing wearing hanging
    lying leaning facing closest nearest farthest covered filled made attached mounted
    placed""".split()
)
_COLLECTIVES = frozenset("group pair row bunch couple lot crowd pile set collection".split())
_NUMBERS = frozenset(
    "two three four five six seven eight nine ten several many multiple few".split()
)
_UNCOUNTABLE = frozenset(
    """water grass sky snow sand dirt gravel smoke fog air light sunlight food furniture clothing
    luggage equipment electronics stuff text writing hair skin greenery foliage vegetation
    background floor ground ceiling pavement ocean sea""".split()
)
_PLURAL_ONLY = frozenset(
    "people men women children feet teeth shelves knives leaves loaves mice scissors pants jeans "
    "trousers shorts glasses sunglasses goggles headphones binoculars pliers clothes stairs".split()
)
_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "shelves": "shelf",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "mice": "mouse",
}
# Singular though they end in s.
_SINGULAR_S = frozenset("bus gas lens canvas christmas atlas iris cactus tennis chess axis".split())


def annotated_name(value: object) -> str:
    """What a file calls a thing, in lower case; "" where that is no name.

    Null, numbers ("17", which stand for a class) and whole paragraphs are none.
    """
    if not isinstance(value, str):
        return ""
    printable = "".join(c if c.isprintable() else " " for c in value)
    name = " ".join(printable.replace("_", " ").split()).lower()
    says_something = name not in _NO_NAME and any(c.isalpha() for c in name)
    return name if says_something and len(name) <= _LONGEST_NAME else ""


def singular(word: str) -> str:
    """The singular of a lower-case noun; the word itself where it is no plural."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _SINGULAR_S or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes", "buses", "lenses")):
        return word[:-2]
    return word[:-1]


def is_plural(noun: str) -> bool:
    """Whether a lower-case noun names several things, or one that is spoken of as several."""
    return noun in _PLURAL_ONLY or singular(noun) != noun


def clean(caption: str) -> str:
    """Lower case, no article in front, no full stop: "The Red  Mug." -> "red mug"."""
    words = re.sub(r"[^\w\s'/&-]", " ", caption.lower()).split()
    while words and words[0] in _ARTICLES:
        words = words[1:]
    return " ".join(words)


@dataclasses.dataclass(frozen=True)
class NounPhrase:
    """A caption taken apart.

    text: cleaned. modifiers: words before the head noun, in order. head: the noun, singular.
    rest: what follows the head ("on the table"). countable: whether it names one single thing.
    """

    text: str
    modifiers: tuple[str, ...]
    head: str
    rest: str
    countable: bool

    @property
    def words(self) -> frozenset[str]:
        """All its words but articles, the noun in the singular."""
        rest = (word for word in self.rest.split() if word not in _ARTICLES)
        return frozenset((*self.modifiers, self.head, *rest))

    @property
    def noun(self) -> str:
        """Modifiers and head: what can stand after "leftmost"."""
        return " ".join((*self.modifiers, self.head))


@functools.lru_cache(maxsize=4096)
def parse(caption: str) -> NounPhrase:
    """Takes a caption apart; an empty one has an empty head and is not countable."""
    text = clean(caption)
    words = text.split()
    cut = next((i for i, word in enumerate(words) if i and word in _BREAKS), len(words))
    front, rest = words[:cut], words[cut:]
    if not front:
        return NounPhrase(text, (), "", "", False)
    head = singular(front[-1])
    countable = (
        not is_plural(front[-1])
        and head not in _UNCOUNTABLE
        and not _NUMBERS.intersection(front)
        and not (head in _COLLECTIVES and rest[:1] == ["of"])
    )
    if head in _COLLECTIVES and rest[:1] == ["of"] and len(rest) > 1:
        # "row of chairs": several chairs, which "chair" may well mean.
        head, rest = singular(rest[-1]), []
    return NounPhrase(text, tuple(front[:-1]), head, " ".join(rest), countable)


def may_be_confused(a: NounPhrase, b: NounPhrase) -> bool:
    """Whether one caption may also be said of the other's object, by its words alone.

    So it is where they share their head noun and all words of one are among the other's: "chair"
    and "office chair", but not "red mug" and "blue mug", nor "table" and "table lamp".
    """
    return a.head == b.head and (a.words <= b.words or b.words <= a.words)


def common_noun(phrases: Sequence[NounPhrase]) -> str:
    """The longest noun that fits all of them ("red chair", "chair" -> "chair"), "" if none does."""
    first = phrases[0]
    if any(phrase.head != first.head for phrase in phrases):
        return ""
    shared = frozenset.intersection(*(frozenset(phrase.modifiers) for phrase in phrases))
    return " ".join((*(word for word in first.modifiers if word in shared), first.head))
