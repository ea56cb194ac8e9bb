"""TextVQA's rule: the answer processor of the EvalAI server, as Pythia's code has it.

Before VQA v2's normalisation small letters are made, commas and question marks go with nothing in
their place, and 's is split off: "black,white" is "blackwhite" and not "black white", "what's" is
"what 's" and not "whats", and "wells fargo's" is "wells fargo 's". Everything is normalised,
whether people differ or not.
"""

from collections.abc import Sequence

from spatialvlm_jax.evaluation.vqa_accuracy import normalize_vqa_answer, normalized_agreement


def normalize_eval_ai(text: str) -> str:
    """The text as TextVQA's scorer compares it."""
    parted = text.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    return normalize_vqa_answer(parted.replace("\n", " ").replace("\t", " ").strip())


def eval_ai_accuracy(reply: str, answers: Sequence[str]) -> float:
    """How far a reply agrees with several people's answers, 0 to 1; each is left out once."""
    return normalized_agreement(reply, answers, normalize_eval_ai)
