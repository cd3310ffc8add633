"""What every printed page needs: a font that has Chinese, and lines that fit.

A bare machine has no Chinese font. Noto Sans SC comes from npm as TTF; reportlab embeds the glyphs that a page
uses (about 13 KB), not the 10 MB file.
"""

import threading
from functools import cache

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONT = "NotoSansSC"
BOLD_FONT = "NotoSansSC-Bold"

# reportlab keeps the subset's state in the font object while it writes a page: one document at a time.
drawing = threading.Lock()


@cache
def use_fonts() -> None:
    """Register FONT and BOLD_FONT with reportlab, once per process. Raises OSError naming the missing file."""
    pdfmetrics.registerFont(TTFont(FONT, str(settings.CHINESE_FONT)))
    pdfmetrics.registerFont(TTFont(BOLD_FONT, str(settings.CHINESE_FONT_BOLD)))


def wrap(text: str, *, font: str, size: float, width: float, max_lines: int) -> list[str]:
    """Break text into at most `max_lines` lines no wider than `width` points, the last one cut with "…".

    Breaks at a space where the line has one, else between any two characters, as Chinese allows.
    """
    lines: list[str] = []
    rest = " ".join(text.split())
    while rest and len(lines) < max_lines:
        fitting = _fitting(rest, font, size, width)
        cut = fitting
        if fitting < len(rest) and " " in rest[:fitting] and rest[fitting] != " ":
            cut = rest.rindex(" ", 0, fitting) + 1
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest and lines:
        last = lines[-1]
        lines[-1] = last[: max(_fitting(last + "…", font, size, width) - 1, 0)] + "…"
    return lines


def _fitting(text: str, font: str, size: float, width: float) -> int:
    """How many characters from the start fit; at least one, so that wrapping always moves on."""
    used = 0.0
    for index, character in enumerate(text):
        used += pdfmetrics.stringWidth(character, font, size)
        if used > width:
            return max(index, 1)
    return len(text)
