"""The picture of a UPS label: 6 × 4 inches at 200 dpi, black and white, with a real Code 128 bar code."""

import io

from PIL import Image, ImageDraw, ImageFont
from reportlab.graphics.barcode.code128 import Code128

_WIDTH, _HEIGHT = 1200, 800


def label_png(number: str, reference: str, lines: list[str]) -> bytes:
    """A PNG in landscape, as UPS sends it."""
    image = Image.new("1", (_WIDTH, _HEIGHT), 1)
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(52), ImageFont.load_default(34)
    draw.text((40, 30), "UPS WORLDWIDE SAVER", font=large, fill=0)
    draw.text((40, 110), f"REF {reference}", font=small, fill=0)
    draw.text((40, 190), "SHIP TO:", font=small, fill=0)
    for index, line in enumerate(_plain(line) for line in lines if line):
        draw.text((220, 190 + 48 * index), line, font=small, fill=0)
    draw.line((0, 400, _WIDTH, 400), fill=0, width=6)
    draw.text((40, 420), f"TRACKING #: {number}", font=large, fill=0)
    _draw_bars(draw, number, left=60, top=510, height=220)
    draw.text((40, 745), "SANDBOX - NOT VALID FOR SHIPPING", font=small, fill=0)
    out = io.BytesIO()
    image.save(out, format="PNG", dpi=(200, 200))
    return out.getvalue()


def _draw_bars(draw: ImageDraw.ImageDraw, number: str, *, left: int, top: int, height: int) -> None:
    code = Code128(number, quiet=0)
    code.validate()
    code.encode()
    code.decompose()
    module = (_WIDTH - 2 * left) // sum(_width(letter) for letter in code.decomposed)
    x = left
    for letter in code.decomposed:
        wide = _width(letter) * module
        if letter.isupper():
            draw.rectangle((x, top, x + wide - 1, top + height), fill=0)
        x += wide


def _width(letter: str) -> int:
    """reportlab writes bars as A–D and spaces as a–d, for one to four modules."""
    return ord(letter.lower()) - ord("a") + 1


def _plain(text: str) -> str:
    """The built-in bitmap font knows Latin only."""
    return text.encode("latin-1", "replace").decode("latin-1")
