"""The picture of a UPS label: 4 × 6 inches at 200 dpi, black and white, with a real Code 128 bar code."""

import io

from PIL import Image, ImageDraw, ImageFont
from reportlab.graphics.barcode.code128 import Code128

_WIDTH, _HEIGHT = 800, 1200


def label_png(number: str, reference: str, lines: list[str]) -> bytes:
    """A PNG lying on its side, as UPS sends it: whoever prints it turns it clockwise."""
    image = Image.new("1", (_WIDTH, _HEIGHT), 1)
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(44), ImageFont.load_default(32)
    draw.text((36, 36), "UPS WORLDWIDE SAVER", font=large, fill=0)
    draw.text((36, 104), f"REF {reference}", font=small, fill=0)
    draw.line((0, 170, _WIDTH, 170), fill=0, width=4)
    draw.text((36, 196), "SHIP TO:", font=small, fill=0)
    for index, line in enumerate(_plain(line) for line in lines if line):
        draw.text((200, 196 + 46 * index), line, font=small, fill=0)
    draw.line((0, 640, _WIDTH, 640), fill=0, width=8)
    draw.text((36, 664), f"TRACKING #: {number}", font=small, fill=0)
    _draw_bars(draw, number, top=730, height=300)
    draw.text((36, 1120), "SANDBOX - NOT VALID FOR SHIPPING", font=small, fill=0)
    out = io.BytesIO()
    image.rotate(90, expand=True).save(out, format="PNG", dpi=(200, 200))
    return out.getvalue()


def _draw_bars(draw: ImageDraw.ImageDraw, number: str, *, top: int, height: int) -> None:
    code = Code128(number, quiet=0)
    code.validate()
    code.encode()
    code.decompose()
    modules = sum(_width(letter) for letter in code.decomposed)
    module = _WIDTH // (modules + 20)  # a quiet zone of 10 modules either side belongs to the symbol
    x = (_WIDTH - modules * module) // 2
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
