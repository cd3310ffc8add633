"""What a scanner or a hand enters: a code, or "3*CODE" for three of it. Pure."""

import re
from typing import NamedTuple

_TIMES = re.compile(r"^(\d{1,5})\s*[*×xX]\s*(\S.*)$")


class Scan(NamedTuple):
    code: str
    quantity: int


def read_scan(text: str) -> Scan:
    """ "MUG" is one of MUG, "12*MUG" twelve."""
    found = _TIMES.match(text.strip())
    if found and int(found[1]) > 0:
        return Scan(found[2].strip(), int(found[1]))
    return Scan(text.strip(), 1)
