from django.db import models
from django.utils.translation import gettext_lazy as _


class Board(models.Model):
    """No table: the place where the rights of analytics are declared. Analytics owns no rows."""

    class Meta:
        managed = False
        default_permissions = ()
        verbose_name = _("board")
        verbose_name_plural = _("boards")
        permissions = [("view_board", _("see the five-pains board"))]
