"""Rules for options, words and numbers that several benchmarks share, and their figures."""

from collections.abc import Callable

from spatialvlm_jax.evaluation.benchmarks.item import Figures, Item, Mark, Marked, Rule
from spatialvlm_jax.evaluation.reading import lengths, verdicts
from spatialvlm_jax.evaluation.reading.options import read_option
from spatialvlm_jax.evaluation.rules import letters
from spatialvlm_jax.evaluation.rules.last_line_letters import in_last_lines
from spatialvlm_jax.evaluation.rules.ranked_letters import best_ranked
from spatialvlm_jax.evaluation.vqa_accuracy import without_punctuation

FindLetter = Callable[[str, letters.Options], str | None]


def letter_rule(find: FindLetter) -> Rule:
    """Marks the letter that is found in a reply."""

    def mark(item: Item, reply: str) -> Mark:
        letter = find(reply, item.options)
        return Mark(float(letter == item.answer), letter)

    return mark


by_option = letter_rule(read_option)
LETTER_RULES: dict[str, Rule] = {
    "lmms-eval's first letter": letter_rule(letters.first_letter),
    "lmms-eval's ranked forms": letter_rule(best_ranked),
    "VLMEvalKit without a judge": letter_rule(letters.inferred),
    "EASI's last lines": letter_rule(in_last_lines),
    "Cambrian's parser": letter_rule(letters.after_answer),
}


def by_polarity(item: Item, reply: str) -> Mark:
    """Marks the yes or no that a reply says."""
    said = verdicts.read_yes_no(reply)
    return Mark(float(said == item.answer), said)


def by_lone_word(item: Item, reply: str) -> Mark:
    """VLMEvalKit's rule without a judge: yes or no where one of them alone is among the words."""
    words = set(without_punctuation(reply.lower()).split()) & {"yes", "no"}
    said = words.pop() if len(words) == 1 else None
    return Mark(float(said == item.answer), said)


def read_value(item: Item, reply: str) -> float | None:
    """The number that a reply gives, in the unit of the item; a count where it has none."""
    if item.unit:
        return lengths.find_in_unit(reply, item.unit)
    return lengths.find_count(reply)


def number_rule(score: Callable[[float, float], float]) -> Rule:
    """Marks the number that a reply gives, in the unit of the item."""

    def mark(item: Item, reply: str) -> Mark:
        said = read_value(item, reply)
        if said is None or item.value is None:
            return Mark(0.0)
        return Mark(float(score(said, item.value)), f"{said:g} {item.unit}".strip())

    return mark


def mean(marked: Marked) -> float:
    """The mean score; 0 of none."""
    return sum(mark.score for _, mark in marked) / len(marked) if marked else 0.0


def means_by(marked: Marked, key: Callable[[Item], str]) -> dict[str, float]:
    """The mean score of each group, in the order of their names; items without one left out."""
    groups: dict[str, list[tuple[Item, Mark]]] = {}
    for item, mark in marked:
        if key(item):
            groups.setdefault(key(item), []).append((item, mark))
    return {name: mean(groups[name]) for name in sorted(groups)}


def accuracy_by_group(marked: Marked) -> dict[str, float]:
    """The mean over all, then those of sub-tasks."""
    return {"accuracy": mean(marked)} | means_by(marked, lambda item: item.group)


def mean_of_groups(name: str) -> Figures:
    """The mean of the sub-tasks' means under a name, then those means."""

    def figures(marked: Marked) -> dict[str, float]:
        groups = means_by(marked, lambda item: item.group)
        return {name: sum(groups.values()) / len(groups) if groups else 0.0} | groups

    return figures


def listed_options(options: letters.Options, form: str = "{}. {}") -> str:
    """The options one a line, as in "A. left"."""
    return "\n".join(form.format(letter, text) for letter, text in options.items())
