"""What stands behind a reservation, a ledger row or a demand: apps to the left say how their documents are shown.

register_document("orders.fulfilment_line", find_lines)    # in AppConfig.ready()
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document's name ("SO-1042") and its page; url "" where the user may not open it."""

    label: str
    url: str = ""


# Gets (user, ids of the document) and answers with a fixed number of queries; unknown ids are left out.
FindDocuments = Callable[[Any, Sequence[int]], Mapping[int, DocumentLink]]
Reference = tuple[str, int | None]

_finders: dict[str, FindDocuments] = {}


def register_document(document: str, find: FindDocuments) -> None:
    """Say how documents of this kind are named and linked."""
    _finders[document] = find


def links_for(user: Any, references: Iterable[Reference]) -> dict[Reference, DocumentLink]:
    """The links of (document, id) pairs; documents that nobody registered are absent."""
    by_kind: dict[str, set[int]] = {}
    for document, document_id in references:
        if document in _finders and document_id is not None:
            by_kind.setdefault(document, set()).add(document_id)
    return {
        (document, document_id): link
        for document, ids in by_kind.items()
        for document_id, link in _finders[document](user, sorted(ids)).items()
    }
