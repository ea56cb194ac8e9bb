"""Lengths as models word them, each with the metres that it says."""

import dataclasses
import random
from fractions import Fraction

# Metres of a unit, its symbol, and its name for one and for many.
UNITS: dict[str, tuple[float, str, str, str]] = {
    "m": (1.0, "m", "meter", "meters"),
    "cm": (0.01, "cm", "centimeter", "centimeters"),
    "mm": (0.001, "mm", "millimeter", "millimeters"),
    "ft": (0.3048, "ft", "foot", "feet"),
    "in": (0.0254, "in", "inch", "inches"),
}
THINGS = "chair table lamp sofa mug door shelf cabinet monitor plant car person bicycle".split()
WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
HEDGES = (
    "about ", "approximately ", "roughly ", "around ", "~", "≈", "≈ ", "nearly ", "",
    "approx. ", "an estimated ", "less than ", "a little over ",
)  # fmt: skip
PICTURES = (
    "In the 2D image, ", "Looking at the 4K photo, ", "As GPT-4V, I would say that ",
    "In this 1080p picture ", "Based on the 3D layout, ",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Length:
    """A length as it is written, and the metres that it says."""

    text: str
    metres: float


class Writer:
    """Draws lengths, notations and sentences from one random stream."""

    def __init__(self, random_stream: random.Random) -> None:
        self.random = random_stream
        self.pick = random_stream.choice

    def amount(self, unit: str) -> str:
        """A number that people may give in this unit."""
        if unit == "m":
            return f"{self.random.uniform(0.2, 30):.{self.pick([0, 1, 1, 2])}f}"
        if unit == "ft":
            return f"{self.random.uniform(1, 60):.{self.pick([0, 0, 1])}f}"
        low, high = {"cm": (3, 250), "mm": (5, 980), "in": (2, 90)}[unit]
        return f"{self.random.uniform(low, high):.{self.pick([0, 0, 1])}f}"

    def name(self, unit: str, amount: str) -> str:
        """A spelling of the unit beside this amount."""
        _, symbol, one, many = UNITS[unit]
        plain = one if float(amount) == 1 else many
        british = plain.replace("meter", "metre")
        return self.pick([symbol, symbol, plain, british, plain.capitalize()])

    def length(self) -> Length:
        """A length in the plainest notation."""
        unit = self.pick(list(UNITS))
        amount = self.amount(unit)
        space = " " if unit == "in" else self.pick([" ", " ", "", "\u00a0"])
        return Length(amount + space + self.name(unit, amount), float(amount) * UNITS[unit][0])

    def thing(self) -> str:
        return self.pick(THINGS)

    def sentence(self, said: str) -> str:
        """The length, or a sentence whose only length it is."""
        hedge = self.pick(HEDGES)
        a, b = self.random.sample(THINGS, 2)
        return self.pick(
            [
                said,
                f"{hedge}{said}".strip(),
                f"{hedge}{said}.".strip().capitalize() if said[:1].isdigit() else f"{said}.",
                f"The {a} is {hedge}{said} away from the {b}.",
                f"The distance between the {a} and the {b} is {hedge}{said}.",
                f"It's {hedge}{said}.",
                f"They are {hedge}{said} apart.",
                f"I would estimate {hedge}{said} from the {a} to the {b}.",
                f"{self.pick(PICTURES)}the {a} appears to be {hedge}{said} from the {b}.",
                f"**Answer:** {hedge}{said}",
                f"- Distance: {hedge}{said}",
                f"Sure! The {a} stands {hedge}{said} tall.",
            ]
        )


def plain(w: Writer) -> tuple[str, float | None]:
    length = w.length()
    return w.sentence(length.text), length.metres


def markup(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "mm", "ft"])
    n = w.amount(unit)
    name = w.name(unit, n)
    form = w.pick(
        [
            "**{n}** {u}", "**{n} {u}**", "*{n}* {u}", "`{n} {u}`", "`{n}` {u}", "{n} **{u}**",
            "**{n}**{u}", "__{n}__ {u}", "<b>{n}</b> {u}", "{n}&nbsp;{u}", "{n} ({u})", "{n} [{u}]",
            '"{n} {u}"', "“{n} {u}”", "**Distance:** {n} {u}", "### {n} {u}", "> {n} {u}",
            "<answer>{n} {u}</answer>", "1. **{n} {u}**", "***{n} {u}***", "<p>{n} <i>{u}</i></p>",
        ]
    )  # fmt: skip
    said = form.format(n=n, u=name)
    text = said if form[0] in "1#><_" else w.pick([said, w.sentence(said)])
    return text, float(n) * UNITS[unit][0]


def latex(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "mm", "ft"])
    n, symbol = w.amount(unit), UNITS[unit][1]
    form = w.pick(
        [
            "${n}\\,\\text{{{u}}}$", "\\boxed{{{n}\\text{{ {u}}}}}",
            "\\({n} \\, \\mathrm{{{u}}}\\)",
            "$\\approx {n}\\ \\text{{{u}}}$", "\\[ d \\approx {n} \\text{{ {u}}} \\]",
            "\\scalar{{{n}}} \\distance_unit{{{u}}}", "${n}~\\mathrm{{{u}}}$", "${n}$ {u}",
            "$\\boxed{{{n}}}$ {u}", "$\\mathbf{{{n}}}\\;\\text{{{u}}}$", "\\textbf{{{n} {u}}}",
            "The answer is $\\boxed{{{n}\\,{u}}}$.", "$$ {n}\\,\\mathrm{{{u}}} $$",
            "\\SI{{{n}}}{{{u}}}", "\\qty{{{n}}}{{{u}}}",
        ]
    )  # fmt: skip
    return form.format(n=n, u=symbol), float(n) * UNITS[unit][0]


def unit_first(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "mm", "ft"])
    n, name = w.amount(unit), w.pick([UNITS[unit][1], UNITS[unit][3]])
    form = w.pick(
        [
            "Distance ({u}): {n}", "Distance in {u}: {n}", "Height [{u}] = {n}", "{u}: {n}",
            "Distance ({u}): **{n}**", "Estimated distance ({u}) ≈ {n}",
            "The distance in {u} is {n}.", "The distance, in {u}, is about {n}.",
            "Value: {n}\nUnit: {u}", "Unit: {u}\nValue: {n}", "| Distance ({u}) | {n} |",
            "value={n}, unit={u}",
        ]
    )  # fmt: skip
    return form.format(n=n, u=name), float(n) * UNITS[unit][0]


def json_field(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "mm", "ft"])
    n, name = w.amount(unit), w.pick([UNITS[unit][1], UNITS[unit][3]])
    form = w.pick(
        [
            '{{"distance": {n}, "unit": "{u}"}}', '{{"unit": "{u}", "distance": {n}}}',
            '{{"distance": "{n} {u}"}}', '{{"distance_{u}": {n}}}',
            "{{'value': {n}, 'unit': '{u}'}}",
            '{{"distance": {{"value": {n}, "unit": "{u}"}}}}', '{{"distance_in_{u}": {n}}}',
            '{{"distance": {n}, "unit": "{u}", "confidence": 0.8}}',
            '{{"id": 3, "answer": "{n} {u}"}}', '{{"value":"{n}","units":"{u}"}}',
            '{{\n  "bbox": [12, 40, 210, 333],\n  "height": {n},\n  "unit": "{u}"\n}}',
        ]
    )  # fmt: skip
    text = form.format(n=n, u=name)
    return w.pick([text, f"```json\n{text}\n```", f"Here is the result: {text}"]), (
        float(n) * UNITS[unit][0]
    )


def feet_and_inches(w: Writer) -> tuple[str, float | None]:
    feet, inches = w.random.randint(1, 20), w.random.randint(0, 11)
    extra = w.pick([0.0, 0.0, 0.0, 0.5])
    i = f"{inches}" + ("½" if extra else "")
    if extra:
        i = w.pick([f"{inches} 1/2", i, f"{inches}.5"]) if inches else "0.5"
    forms = [
        "{f}'{i}\"", "{f}'-{i}\"", "{f}'{i}''", "{f}' {i}\"", "{f}′{i}″", "{f}’{i}”",
        "{f} ft {i} in",
        "{f}ft {i}in", "{f} ft{i}in", "{f}ft{i}in", "{f} feet {i} inches", "{f} feet, {i} inches",
        "{f} feet and {i} inches", "{f} ft. {i} in.", "{f}-foot-{i}", "{f} foot {i}",
        "{f}' - {i}\"", "{f} ft, {i} in", "{f}'{i}",
    ]  # fmt: skip
    form = w.pick(forms)
    if extra and not form.endswith(('"', "in", "in.", "inches", "''", "″", "”")):
        form = "{f}'{i}\""
    said = form.format(f=feet, i=i)
    if inches and not extra and w.random.random() < 0.15:
        said = f"{WORDS[feet]} feet {WORDS[inches]} inches"
    return w.sentence(said), feet * 0.3048 + (inches + extra) * 0.0254


def metres_and_centimetres(w: Writer) -> tuple[str, float | None]:
    metres, rest = w.random.randint(1, 9), w.random.randint(10, 99)
    form = w.pick(
        [
            "{m}m{c}", "{m} m {c} cm", "{m}m {c}cm", "{m} meters and {c} centimeters",
            "{m} metre {c}", "{m}m{c}cm", "{m} meters {c} centimeters",
        ]
    )  # fmt: skip
    return w.sentence(form.format(m=metres, c=rest)), metres + rest / 100


def grouped(w: Writer) -> tuple[str, float | None]:
    if w.random.random() < 0.35:
        value = round(w.random.uniform(0.1, 30), 1)
        n = f"{value:.1f}".replace(".", w.pick([",", "·", "٫", "．", "，"]))
        return w.sentence(f"{n} m"), value
    value = w.random.randint(1_001, 39_999)
    tenth = w.pick([0, 0, w.random.randint(1, 9)])
    head, tail = str(value // 1000), f"{value % 1000:03d}"
    mark, point = w.pick(
        [(",", "."), (" ", "."), (" ", ","), ("\u2009", "."), ("\u202f", ","), ("\u00a0", "."),
         ("'", "."), ("’", "."), ("٬", "٫"), (".", ",")]
    )  # fmt: skip
    tenth = tenth or (5 if mark == "." else 0)
    n = f"{head}{mark}{tail}" + (f"{point}{tenth}" if tenth else "")
    return w.sentence(f"{n} {w.pick(['mm', 'millimeters'])}"), (value + tenth / 10) / 1000


def scripts(w: Writer) -> tuple[str, float | None]:
    n = w.random.randint(2, 99)
    digits = w.pick(["０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "0123456789"])
    said = "".join(digits[int(d)] for d in str(n))
    unit, metres = w.pick(
        [
            ("センチ", 0.01), ("センチメートル", 0.01), ("メートル", 1.0), ("ミリ", 0.001),
            ("厘米", 0.01),
            ("米", 1.0), ("㎝", 0.01), ("ｃｍ", 0.01), ("㎜", 0.001), (" µm", 1e-6), (" μm", 1e-6),
            (" Zentimeter", 0.01), (" mètres", 1.0), (" centímetros", 0.01), (" м", 1.0),
            (" см", 0.01), ("公分", 0.01), ("ｍ", 1.0), (" metros", 1.0),
        ]
    )  # fmt: skip
    return w.pick(
        [f"{said}{unit}", f"約{said}{unit}", f"{said}{unit}.", f"≈{said}{unit}"]
    ), n * metres


def ranges(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "ft", "in"])
    metres, symbol, _, many = UNITS[unit]
    low = w.random.randint(2, 40)
    high = low + w.random.randint(1, 9)
    u = w.pick([symbol, many])
    form = w.pick(
        [
            "{a}-{b} {u}", "{a}–{b} {u}", "{a}~{b} {u}", "{a} - {b} {u}", "{a} to {b} {u}",
            "between {a} and {b} {u}", "from {a} to {b} {u}", "{a} or {b} {u}",
            "{a} {u} to {b} {u}",
            "between {a} {u} and {b} {u}", "{a}—{b} {u}", "somewhere between {a} and {b} {u}",
            "{a} {u} – {b} {u}", "**{a}-{b}** {u}", "{a}..{b} {u}", "{a}−{b} {u}",
        ]
    )  # fmt: skip
    return w.sentence(form.format(a=low, b=high, u=u)), (low + high) / 2 * metres


def tolerances(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "cm", "ft"])
    n, symbol = w.amount(unit), UNITS[unit][1]
    t = w.random.randint(1, 20)
    form = w.pick(
        [
            "{n} ± {t}% {u}", "{n} {u} ± {t}%", "{n} ± 0.{t} {u}", "{n} +/- 0.{t} {u}",
            "{n} {u} +/- {t} cm", "{n} {u} (± {t}%)", "{n} {u} (±{t} cm)",
            "{n} {u}, give or take {t} cm",
            "{n} {u} plus or minus {t} cm", "{n} {u} ± 0.{t} {u}", "${n} \\pm 0.{t}$ {u}",
            "{n} {u} with an error of {t} cm", "{n} {u} with an uncertainty of ±{t}%",
        ]
    )  # fmt: skip
    said = form.format(n=n, t=t, u=symbol)
    text = said if "\\" in said else w.sentence(said)
    return text, float(n) * UNITS[unit][0]


def in_words(w: Writer) -> tuple[str, float | None]:
    unit = w.pick(["m", "ft", "in"])
    metres, _, one, many = UNITS[unit]
    n = w.random.randint(2, 20)
    article = "an" if one[0] == "i" else "a"
    said, value = w.pick(
        [
            (f"{WORDS[n]} {many}", Fraction(n)), (f"half {article} {one}", Fraction(1, 2)),
            (f"{article} {one} and a half", Fraction(3, 2)), (f"one and a half {many}",
            Fraction(3, 2)),
            (f"{WORDS[n]} and a half {many}", n + Fraction(1, 2)),
            (f"three quarters of {article} {one}", Fraction(3, 4)),
            (f"a quarter of {article} {one}", Fraction(1, 4)),
            (f"two-thirds of {article} {one}", Fraction(2, 3)),
            (f"{n} 1/2 {many}", n + Fraction(1, 2)), (f"{n}½ {many}", n + Fraction(1, 2)),
            (f"3/4 {one}", Fraction(3, 4)), (f"{WORDS[n]} point five {many}", n + Fraction(1, 2)),
            (f"a couple of {many}", Fraction(2)), (f"{article} half {one}", Fraction(1, 2)),
            (f"{WORDS[n - 1]} to {WORDS[n]} {many}", n - Fraction(1, 2)),
            (f"one hundred and {WORDS[n]} {many}", Fraction(100 + n)),
        ]
    )  # fmt: skip
    return w.sentence(said), float(value) * metres


def two_units(w: Writer) -> tuple[str, float | None]:
    metres = w.random.randint(5, 60) / 10
    feet = metres / 0.3048
    form = w.pick(
        [
            "{m} meters ({f:.1f} feet)", "{m} m (about {f:.1f} ft)",
            "{m} meters, or about {f:.1f} feet",
            "{m}m / {f:.1f}ft", "{m} meters (approximately {f:.1f} feet)", "{m} m ≈ {f:.1f} ft",
            "{m} meters, which is roughly {f:.1f} feet",
        ]
    )  # fmt: skip
    return w.sentence(form.format(m=metres, f=feet)), metres


def concluded(w: Writer) -> tuple[str, float | None]:
    given, other, found = w.length().text, w.length().text, w.length()
    a, b = w.random.sample(THINGS, 2)
    text = w.pick(
        [
            f"The {a} is {given} wide, so the distance is about {found.text}.",
            f"Using the standard {a} height of {given} as a reference, the gap is {found.text}.",
            f"A typical {a} is {given} tall. Therefore the {b} is {found.text} away.",
            f"Assuming the {a} is {given} tall, the distance to the {b} would be {found.text}.",
            f"If a {a} is {given} long, then the {b} is approximately {found.text} from it.",
            f"The {a} measures {given} and the {b} {other}. Thus, the distance is {found.text}.",
            f"First, the {a} is {given} high. Second, the {b} is {other} deep. "
            f"So the answer is {found.text}.",
            f"Step 1: the {a} is {given} wide.\nStep 2: the {b} is {other} wide.\n\n"
            f"**Answer: {found.text}**",
            f"<think>The {a} could be {given}, the {b} {other}.</think>{found.text}",
            f"A standard {a} is about {given} high; based on this, I estimate the gap to be "
            f"{found.text}.",
            f"The distance is {found.text}, since the {a} is {given} wide.",
            f"The distance is about {found.text}, because a standard {a} is {given} tall.",
            f"The {a} has a height of {given}. The distance between them is {found.text}.",
            f"1. The {a} is {given} tall.\n2. The {b} is {other} tall.\n\n"
            f"Hence the separation is \\boxed{{{found.text}}}.",
            f"Given that the {a} is usually {given}, the {b} must be {found.text} away.",
            f"Considering that the {a} is {given} tall, the estimated distance is {found.text}.",
            f"The average {a} is {given} in height. Consequently, they are {found.text} apart.",
            f"{found.text}. For reference, the {a} is {given} wide.",
            f"Final answer: {found.text} (the {a} is {given} wide)",
        ]
    )
    return text, found.metres


def negated(w: Writer) -> tuple[str, float | None]:
    wrong, found = w.length().text, w.length()
    text = w.pick(
        [
            f"not {wrong} but {found.text}", f"{found.text}, not {wrong}",
            f"It is not {wrong}, it is {found.text}.", f"It isn't {wrong} but rather {found.text}.",
            f"The distance is {found.text} rather than {wrong}.",
            f"{found.text} instead of {wrong}.",
            f"Not {wrong}; {found.text}.", f"It's not about {wrong}, it's {found.text}.",
        ]
    )  # fmt: skip
    return text, found.metres


def bare(w: Writer) -> tuple[str, float | None]:
    n = w.amount("m")
    return w.pick([n, f"{n}.", f"The distance is {n}.", f"about {n}", f"**{n}**", f"≈ {n}",
                   f"Answer: {n}", f"It is approximately {n}."]), float(n)  # fmt: skip
