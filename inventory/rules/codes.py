"""SKU codes: what people may use as the name of a thing that is counted."""

import re
import unicodedata

MAX_LENGTH = 64
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f<>\"'`\\|]")
_SPACES = re.compile(r"\s+")


class InvalidSkuCode(ValueError):
    """Not usable as a SKU code; `code` says why: "empty", "length", "characters" or "formula"."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def normalise_sku_code(text: str) -> str:
    """A SKU code as it is kept: NFKC (full-width letters become ASCII), runs of space made one, trimmed.

    Case is kept, and ignored when codes are compared. Raises InvalidSkuCode. A code that a spreadsheet
    would take for a formula is refused, because it would come back changed from the first export.
    """
    code = _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    if not code:
        raise InvalidSkuCode("empty")
    if len(code) > MAX_LENGTH:
        raise InvalidSkuCode("length")
    if code[0] in "=+@":
        raise InvalidSkuCode("formula")
    if _FORBIDDEN.search(code):
        raise InvalidSkuCode("characters")
    return code
