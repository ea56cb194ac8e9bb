import itertools
import re
from pathlib import Path

import jinja2
import pytest

from spatialvlm_jax.pages.template import MAX_TEXT, load_templates, shown_text

# Least contrast of text, and of what is drawn, by WCAG 2.1, level AA.
TEXT, DRAWN = 4.5, 3.0
ON_CARDS = ("ink", "muted", "right", "near", "wrong")


def luminance(colour):
    """Relative luminance of "#rrggbb", 0 to 1, as WCAG 2.1 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, two):
    low, high = sorted([luminance(one), luminance(two)])
    return (high + 0.05) / (low + 0.05)


def page(folder, main="", style=""):
    (folder / "a.html.jinja").write_text(
        '{% extends "page.html.jinja" %}{% block title %}{{ name }}{% endblock %}'
        f"{{% block style %}}{style}{{% endblock %}}{{% block main %}}{main}{{% endblock %}}"
    )
    return load_templates(folder).get_template("a.html.jinja").render(name="<b>")


def palettes(css):
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    read = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    assert read[0].keys() == read[1].keys()
    return read


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_text_and_drawings_stand_out_in_light_and_in_dark(tmp_path):
    for colours in palettes(page(tmp_path)):
        on_page = itertools.product(("ink", "muted", "right", "near", "wrong"), ("page",))
        for name, ground in [*on_page, *((name, "card") for name in ON_CARDS)]:
            assert contrast(colours[name], colours[ground]) >= TEXT, (name, ground)
        for name in ("accent", *(f"s{i}" for i in range(8))):
            assert contrast(colours[name], colours["card"]) >= DRAWN, name


def test_a_page_says_how_wide_it_is_and_escapes_what_it_shows(tmp_path):
    text = page(tmp_path)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "<title>&lt;b&gt; – SpatialVLM-JAX</title>" in text
    with pytest.raises(jinja2.UndefinedError):
        page(tmp_path, "{{ nothing }}")


@pytest.mark.parametrize(
    ("count", "said"), [(800, "0.8 kB"), (2_500_000, "2.5 MB"), (3_000_000_000, "3.00 GB")]
)
def test_sizes_have_units(tmp_path: Path, count, said):
    assert said in page(tmp_path, f"{{{{ {count} | bytes }}}}")


def test_texts_are_short_and_turn_nothing():
    assert shown_text("a\x1b[2J\u202eb\nc") == "a [2J b\nc"
    assert len(shown_text("w" * 1_000)) == MAX_TEXT
