"""General questions about a picture: colour, material, shape, category, count, existence, support.

Each type is a pure function of `Contents` that lists the facts that can be asked about.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

from spatialvlm_jax.generation.questions.registry import AnswerForm, Fact, QuestionType, register
from spatialvlm_jax.generation.wording.phrasing import indefinite, plural
from spatialvlm_jax.scene.records import Object3D

LARGEST_COUNT = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Contents:
    """What a picture shows.

    clear: indices of the objects that are clearly visible, in scene order.
    named: those of them whose caption fits no other object.
    unseen: attribute -> those of them on which it cannot be seen.
    complete: whether `objects` is surely all there is, so that counts and absence are known.
    """

    objects: Sequence[Object3D]
    clear: tuple[int, ...]
    named: tuple[int, ...]
    complete: bool
    unseen: Mapping[str, frozenset[int]] = dataclasses.field(default_factory=dict)

    def of_category(self, category: str) -> list[int]:
        """Indices of all objects of a category, visible or not."""
        return [i for i, thing in enumerate(self.objects) if thing.category == category]

    def on_top_of(self, index: int) -> list[int]:
        """Indices of all objects that rest on object `index`."""
        return [i for i, thing in enumerate(self.objects) if thing.support == index]

    def reference(self, index: int, hidden: str) -> str | None:
        """A noun phrase that fits object `index` only and does not contain the word `hidden`."""
        thing = self.objects[index]
        if index in self.named and hidden not in thing.caption.split():
            return thing.caption
        if self.of_category(thing.category) == [index]:
            return thing.category
        below = thing.support
        if below in self.named and self.on_top_of(below) == [index]:
            return f"thing on the {self.objects[below].caption}"
        return None

    def shown_categories(self) -> Iterator[tuple[str, list[int]]]:
        """Categories all of whose objects are clearly visible, with their indices."""
        for category in dict.fromkeys(thing.category for thing in self.objects):
            members = self.of_category(category)
            if set(members) <= set(self.clear):
                yield category, members


def _attribute(attribute: str) -> Callable[[Contents], list[Fact]]:
    def facts(contents: Contents) -> list[Fact]:
        found = []
        unseen = contents.unseen.get(attribute, frozenset())
        for index in (index for index in contents.clear if index not in unseen):
            word = contents.objects[index].attributes.get(attribute, "")
            noun = contents.reference(index, word) if word else None
            if noun is not None:
                found.append(Fact({"a": noun, "answer": word}, word, (index,)))
        return found

    return facts


def category_facts(contents: Contents) -> list[Fact]:
    """The only object of its colour, asked for its noun."""
    colors = [thing.attributes.get("color", "") for thing in contents.objects]
    found = []
    for index in contents.clear:
        color, noun = colors[index], contents.objects[index].category
        if contents.complete and color and colors.count(color) == 1:
            slots = {"color": color, "answer": noun, "one": indefinite(noun)}
            found.append(Fact(slots, noun, (index,)))
    return found


def _seen(contents: Contents, category: str, members: Sequence[int]) -> dict[str, str]:
    """The colours of all objects of a category, in the words that stand before a verdict."""
    things = [contents.objects[i] for i in members]
    noun = category if len(members) == 1 else plural(category)
    own = list(dict.fromkeys(thing.attributes.get("color", "") for thing in things))
    ordered = sorted(things, key=lambda thing: float(thing.box[0] + thing.box[2]))
    listed = ", ".join(thing.attributes.get("color") or category for thing in ordered)
    short = " and ".join(own) if len(own) < 3 else ", ".join(own)
    found = f"the {noun} {'is' if len(members) == 1 else 'are'} {short}"
    if "" in own:
        found = f"every {category} is in view"
    return {"short": short, "found": found, "Found": found.capitalize(), "listed": listed}


def _count_fact(noun: str, number: int, seen: Mapping[str, str]) -> Fact:
    counted = f"{number} {noun if number == 1 else plural(noun)}"
    slots = {"plural": plural(noun), "answer": str(number), "counted": counted}
    slots |= {"are": "is" if number == 1 else "are", **seen}
    return Fact(slots, str(number), ())


def count_facts(contents: Contents) -> list[Fact]:
    """How many of a category, or of a category in a colour; 0 only for colours seen elsewhere."""
    if not contents.complete:
        return []
    found = []
    colors = _colors(contents)
    for category, members in contents.shown_categories():
        own = [contents.objects[i].attributes.get("color", "") for i in members]
        if len(members) > LARGEST_COUNT:
            continue
        seen = _seen(contents, category, members)
        found.append(_count_fact(category, len(members), seen))
        if "" not in own:
            found += [
                _count_fact(f"{color} {category}", own.count(color), seen) for color in colors
            ]
    return found


def _colors(contents: Contents) -> list[str]:
    """Colours of the clearly visible objects, in scene order, each once."""
    words = (contents.objects[i].attributes.get("color", "") for i in contents.clear)
    return [word for word in dict.fromkeys(words) if word]


def existence_facts(contents: Contents) -> list[Fact]:
    """Whether a category is there in a colour, the colours taken from the same picture."""
    if not contents.complete:
        return []
    found = []
    colors = _colors(contents)
    for category, members in contents.shown_categories():
        own = {contents.objects[i].attributes.get("color", "") for i in members}
        if "" in own:
            continue
        seen = _seen(contents, category, members)
        for color in colors:
            verdict = "yes" if color in own else "no"
            slots = {"one": indefinite(f"{color} {category}"), "verdict": verdict, **seen}
            found.append(Fact(slots, verdict, tuple(members[:2])))
    return found


def on_what_facts(contents: Contents) -> list[Fact]:
    """What an object rests on, where that is an object too."""
    found = []
    for index in contents.named:
        thing = contents.objects[index]
        if thing.support in contents.named:
            below = contents.objects[thing.support].caption
            found.append(Fact({"a": thing.caption, "answer": below}, below, (index, thing.support)))
    return found


def what_is_on_facts(contents: Contents) -> list[Fact]:
    """The only object that rests on another."""
    found = []
    for index in contents.named:
        above = contents.on_top_of(index)
        if len(above) == 1 and above[0] in contents.named:
            noun = contents.objects[above[0]].caption
            slots = {"a": contents.objects[index].caption, "answer": noun}
            found.append(Fact(slots, noun, (above[0], index)))
    return found


def _general(
    name: str,
    arity: int,
    facts: Callable[[Contents], list[Fact]],
    definition: str,
    margin: str,
    answer_form: AnswerForm = "word",
) -> None:
    register(QuestionType(name, "general", arity, definition, "image", answer_form, facts, margin))


_general("color", 1, _attribute("color"), "its colour", "named by its noun, alone of its kind")
_general("material", 1, _attribute("material"), "what it is made of", "named without its material")
_general("shape", 1, _attribute("shape"), "its shape seen from above", "named without its shape")
_general("category", 1, category_facts, "its noun", "the only object of its colour")
_general("count", 0, count_facts, "how many there are, 0 to 5", "every one of them clearly visible")
_general(
    "existence",
    0,
    existence_facts,
    "whether there is one; the answer first says what there is",
    "every object of the category clearly visible; colours swapped within the picture",
    "yes_no",
)
_general("on_what", 2, on_what_facts, "what it rests on", "both clearly visible")
_general("what_is_on", 2, what_is_on_facts, "what rests on it", "only one object does")
