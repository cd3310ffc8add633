"""The palette: every text colour has 4.5 : 1 on the grounds that it stands on, in light and in dark (WCAG 2.2 AA)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

MEANINGS = ("neutral", "info", "progress", "success", "warning", "danger")
TEXTS = ("text", "text-soft", "text-faint", "accent")
GROUNDS = ("ground", "surface", "surface-sunk", "surface-raised", "hover", "selected")
PAIRS = [
    *((f"ink-{meaning}", f"soft-{meaning}") for meaning in MEANINGS),
    *((f"ink-{meaning}", "surface") for meaning in MEANINGS),
    *((text, ground) for text in TEXTS for ground in GROUNDS),
    ("on-accent", "accent"),
    ("on-accent", "accent-hover"),
    ("text", "accent-soft"),
    ("text-soft", "soft-danger"),
    ("text-soft", "soft-warning"),
]


def tokens(theme: str) -> dict[str, str]:
    text = Path(settings.BASE_DIR, "static/css/tokens.css").read_text()
    block = text.split(f'[data-bs-theme="{theme}"] {{')[1].split("}")[0]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(theme, ink, ground):
    colours = tokens(theme)

    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["ring", *(f"chart-{number}" for number in range(1, 7))])
def test_marks_and_focus_can_be_seen(theme, name):
    colours = tokens(theme)

    assert contrast(colours[name], colours["surface"]) >= 3


def test_the_measure_itself():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)
