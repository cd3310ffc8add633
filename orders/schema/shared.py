"""Lines that many payloads have in common."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class SharedLine:
    """A line that stands in many payloads, as the same object in place of its JSON object, which is `values`.

    Shops sell the same article in the same number at the same price over and over: of the lines of a year's file,
    one in six is new. What follows from such a line is worked out once. `number` is the line's own within its file;
    `parsed` is (terms, line): what the line means under the terms of a channel, once somebody has asked.
    """

    number: int
    values: dict[str, str]
    parsed: tuple[Any, Any] = field(default=(None, None), compare=False)
