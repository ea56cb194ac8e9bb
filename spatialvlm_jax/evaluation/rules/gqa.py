"""GQA's rule (Hudson and Manning, 2019; `eval.py` of the benchmark): the texts are equal."""


def gqa_accuracy(reply: str, answer: str) -> float:
    """1 where a reply is the answer, character by character; else 0."""
    return float(reply == answer)
