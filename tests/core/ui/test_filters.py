"""Fields of a list's filters."""

from django import forms

from core.ui.filters import Ticks

CHOICES = [("a", "A <b>"), ("b&c", "B")]


class Drawn(forms.Form):
    status = forms.MultipleChoiceField(choices=CHOICES, widget=forms.CheckboxSelectMultiple)


class Ticked(forms.Form):
    status = forms.MultipleChoiceField(choices=CHOICES, widget=Ticks)


def test_ticks_are_what_the_template_draws() -> None:
    data = {"status": ["b&c"]}
    drawn, ticked = Drawn(data), Ticked(data)

    assert _dense(str(ticked["status"])) == _dense(str(drawn["status"]))
    assert "checked" in str(ticked["status"])
    assert "A &lt;b&gt;" in str(ticked["status"])


def _dense(html: str) -> str:
    return "".join(html.split())
