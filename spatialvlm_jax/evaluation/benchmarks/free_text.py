"""Short free answers of people, and the rules that mark replies by them."""

from collections.abc import Sequence

from spatialvlm_jax.evaluation import vqa_accuracy
from spatialvlm_jax.evaluation.benchmarks.item import Item, Mark
from spatialvlm_jax.evaluation.benchmarks.rows import Row
from spatialvlm_jax.evaluation.reading import verdicts
from spatialvlm_jax.evaluation.reading.final import after_thinking, boxed_part
from spatialvlm_jax.evaluation.rules.anls import anls
from spatialvlm_jax.evaluation.rules.eval_ai import eval_ai_accuracy

SHORT = "Answer the question using a single word or phrase."


def people_answers(row: Row, name: str = "answers") -> tuple[str, ...]:
    """What people answered: texts, or records with "answer"."""
    given = [each.get("answer") if isinstance(each, dict) else each for each in row.sequence(name)]
    texts = tuple(each for each in given if isinstance(each, str))
    if not texts or len(texts) < len(given):
        raise row.missing(name, "is no list of answers")
    return texts


def most_frequent(answers: Sequence[str]) -> str:
    """The answer that most people gave, the first of those that tie."""
    return max(answers, key=answers.count)


def people_item(
    row: Row, key: str, image_id: str, picture: str, *, answer: str = "", told: str = SHORT
) -> Item:
    """A question that several people answered, in "question", "answers" and "answer_type".

    Args:
      key: its id. picture: the name of its file.
      answer: the one that counts most; "" takes the most frequent.
      told: how it is to be answered.
    """
    answers, question = people_answers(row), row.text("question")
    return Item(
        id=key,
        question=question,
        prompt=f"{question}\n{told}",
        answer=answer or most_frequent(answers),
        picture=picture,
        image_id=image_id,
        answers=answers,
        group=row.optional("answer_type"),
    )


def answered_part(reply: str) -> str:
    """The part of a reply that answers: after the thinking, and in a form where there is one."""
    said = after_thinking(reply)
    form = boxed_part(said)
    return (said if form is None else form).strip()


def by_people(item: Item, reply: str) -> Mark:
    """VQA v2's official rule: normalised only where people differ."""
    return Mark(vqa_accuracy.accuracy(reply, item.answers), reply.strip() or None)


def by_people_normalised(item: Item, reply: str) -> Mark:
    """The same rule with everything normalised, as the harnesses' code does."""
    said = vqa_accuracy.single_spaced(reply)
    return Mark(vqa_accuracy.normalized_agreement(said, item.answers), said or None)


def by_eval_ai(item: Item, reply: str) -> Mark:
    """TextVQA's official rule."""
    return Mark(eval_ai_accuracy(reply, item.answers), reply.strip() or None)


def by_people_robust(item: Item, reply: str) -> Mark:
    """The same of what a sentence says where people mostly say yes, no or a number."""
    said = answered_part(reply)
    usual = vqa_accuracy.normalize_vqa_answer(item.answer)
    if usual in ("yes", "no"):
        said = verdicts.read_yes_no(said) or said
    elif usual.isdecimal():
        count = verdicts.read_count(said)
        said = said if count is None else str(count)
    mark = by_people_normalised(item, said)
    return Mark(mark.score, said or None)


def by_likeness(item: Item, reply: str) -> Mark:
    """ANLS: how like the nearest answer a reply is."""
    return Mark(anls(reply, item.answers), reply.strip() or None)
