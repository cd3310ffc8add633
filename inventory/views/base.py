"""What the form pages of this app share."""

from typing import TypeVar

from django.db.models import Model
from django.http import Http404

from core.ui.views import FormPage

M = TypeVar("M", bound=Model)


class ChangePage(FormPage[M]):
    """A form about something that exists; the route has its id."""

    @property
    def target(self) -> M:
        """The object of the address."""
        if self.object is None:
            raise Http404
        return self.object
