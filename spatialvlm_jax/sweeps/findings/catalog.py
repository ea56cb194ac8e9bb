"""What is asked: the paper's ablations and two that its users ask, each a sweep.

The paper's figures are those of SpatialVLM (Chen et al., arXiv 2401.12168).
"""

import dataclasses

_Rows = tuple[tuple[str, ...], ...]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One of the questions, and the sweep that answers it.

    key: of its files. title: of its section. asks: what is held against what.
    config: the sweep file. seeds: 1 to this are trained.
    figures: shown, by name, each with the difference to say how many seeds would show.
    pictures: that every trial is asked about.
    called: arms that pages call otherwise than the sweep does.
    paper: what the paper has, a table with its head; () where it did not ask.
    beside: how the paper's figures are to be read beside ours.
    found: what the results that are kept say, in words.
    constants: by figure, what the best constant answer of each type of question gets on the
      held-out questions, chosen with their truths in hand.
    """

    key: str
    title: str
    asks: str
    config: str
    seeds: int
    figures: tuple[tuple[str, float], ...]
    pictures: int = 1_000
    called: tuple[tuple[str, str], ...] = ()
    paper: _Rows = ()
    beside: str = ""
    found: str = ""
    constants: tuple[tuple[str, float], ...] = ()


# The four ask the same questions; `eval.py` has these of each run in summary.json.
_CONSTANTS = (
    ("qualitative_accuracy", 0.517),
    ("within_50_200", 0.724),
    ("within_66_150", 0.499),
    ("within_90_110", 0.169),
    ("squared_error", 0.288),
    ("within_50_200_near", 0.905),
    ("squared_error_near", 0.0149),
    ("general_accuracy", 0.428),
)
COTRAINING = Finding(
    key="cotraining",
    title="Co-training: does general VQA suffer from spatial data?",
    asks=(
        "All arms go on from one branch point, which has seen general questions alone, with equal "
        "steps; the share of loss tokens that spatial questions have is what differs."
    ),
    config="configs/sweeps/findings_cotraining.py",
    seeds=5,
    figures=(
        ("qualitative_accuracy", 0.039),
        ("within_50_200", 0.033),
        ("general_accuracy", 0.024),
    ),
    paper=(
        ("%", "without spatial data", "with 5 % spatial tokens"),
        ("OKVQA", "61.4", "61.0"),
        ("VQA v2", "76.6", "79.0"),
        ("qualitative, 331 questions", "50.4 (PaLM 2-E)", "75.2"),
        ("within [50, 200] %, 215 questions", "33.9 (PaLM 2-E)", "37.2"),
    ),
    beside=(
        "The paper's two models differ in more than the data. It finds that spatial questions "
        "are learned and general ones kept. Seeds needed are for its differences: 2.4 points of "
        "general accuracy, 3.3 within [50, 200] %, and 3.9 qualitative (to LLaVA-1.5)."
    ),
    found=(
        "As in the paper, general questions are answered as well as before whatever the share of "
        "spatial ones, and spatial answers grow with it. Without any, the form of such answers is "
        "not known, so that the first arm is below a constant one; with 5 and 20 % of the tokens "
        "for these few steps relations are still below chance: what is learned so far is how they "
        "are answered, and lengths."
    ),
    constants=_CONSTANTS,
)
ENCODER = Finding(
    key="encoder",
    title="Must the image encoder be trained?",
    asks=(
        "From the same branch point, half of the loss tokens spatial: with the encoder trained, "
        "and frozen."
    ),
    config="configs/sweeps/findings_encoder.py",
    seeds=5,
    figures=(
        ("within_50_200", 0.023),
        ("within_66_150", 0.014),
        ("within_90_110", 0.028),
        ("qualitative_accuracy", 0.02),
    ),
    paper=(
        ("encoder", "[50, 200] %", "[66.7, 150] %", "[90, 110] %"),
        ("frozen", "34.9", "9.3", "5.6"),
        ("unfrozen", "37.2", "10.7", "8.4"),
    ),
    beside=(
        "On the paper's 215 questions no band tells the two apart: 2.3 points would need some "
        "4,500 paired questions. Seeds needed are for the paper's differences, and for two points "
        "of qualitative accuracy."
    ),
    found=(
        "As in the paper, none of its three bands tells the two apart. Here the encoder has seen "
        "these worlds at the branch point, if no question about space: freezing one that was "
        "trained on other pictures may cost more."
    ),
    constants=_CONSTANTS,
)
NOISE = Finding(
    key="noise",
    title="How precise must answers be?",
    asks=(
        "Gaussian noise of this standard deviation is added to every length that is taught, drawn "
        "again where it leaves less than a centimetre; what is asked is exact. “Under 1 m” are the "
        "questions whose objects are all nearer than that."
    ),
    config="configs/sweeps/findings_noise.py",
    seeds=5,
    figures=(
        ("squared_error_near", 0.007),
        ("within_50_200_near", 0.032),
        ("squared_error", 0.007),
        ("within_50_200", 0.032),
    ),
    paper=(
        ("noise, standard deviation, m", "0", "0.1", "0.2", "0.3"),
        ("mean squared error", ".046", ".053", ".039", ".048"),
        ("within [50, 200] %, %", "59.0", "55.8", "61.1", "61.1"),
    ),
    beside=(
        "The paper asks about objects under 1 m, and finds no harm. Seeds needed are for its "
        "largest differences to no noise: 3.2 points, and .007 of squared error."
    ),
    found=(
        "As in the paper, squared errors under 1 m are the same whatever the noise. What its "
        "questions could not show: fewer answers are within half and twice the truth, of near "
        "things already with 0.1 m, and with 0.2 m and more the errors of all lengths together "
        "are larger, though by far less than the noise that was taught."
    ),
    constants=_CONSTANTS,
)
DATA = Finding(
    key="data",
    title="What are more questions, true answers and exact depth worth?",
    asks=(
        "Half of the rows are spatial, the same pictures in every arm: at most so many pairs are "
        "packed on each (13 on average where 16 may be, 22 where 40 may be), so many relations are "
        "answered with the opposite, or all lengths of a picture are wrong by one factor, as of "
        "depth that errs in scale by 8 %."
    ),
    config="configs/sweeps/findings_data.py",
    seeds=3,
    figures=(
        ("qualitative_accuracy", 0.02),
        ("within_50_200", 0.02),
        ("within_90_110", 0.02),
        ("general_accuracy", 0.02),
    ),
    called=(
        ("16 pairs a picture", "at most 16 pairs a picture"),
        ("4 pairs a picture", "at most 4 pairs a picture"),
        ("40 pairs a picture", "at most 40 pairs a picture"),
    ),
    beside="The paper did not ask. Seeds needed are for two points.",
    found=(
        "More pairs on the same pictures teach more, up to some 16; of twice as many places, 22 "
        "on average can be filled, and bring little. A twentieth of false relations costs nothing "
        "that three seeds tell, a fifth at most some points of relations, and lengths neither; "
        "depth that is 8 % off costs nothing that these bands see. Relations of height are learned "
        "(with 16 pairs nine in ten), which of two is nearer hardly (six in ten)."
    ),
    constants=_CONSTANTS,
)
FINDINGS = (COTRAINING, ENCODER, NOISE, DATA)
