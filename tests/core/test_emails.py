import pytest

from core.emails import corrected_email, is_plausible_email, normalise_email


@pytest.mark.parametrize("text", ["a@b.co", " Ann.Lee+x@Example.COM ", "o'neil@mail.example.co.uk", "12@qq.com"])
def test_plausible(text):
    assert is_plausible_email(text)
    assert normalise_email(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    ["", "a", "a@b", "@b.co", "a@b..co", ".a@b.co", "a.@b.co", "a..b@c.co", "a b@c.co", "a@b.c", "a@-b.co",
     "a@b.co\x00", "王@qq.com", "a@b.co,c@d.co", "x" * 250 + "@b.co"],
)  # fmt: skip
def test_implausible(text):
    assert not is_plausible_email(text)
    assert normalise_email(text) == ""


def test_a_masked_address_identifies_nobody():
    assert normalise_email("a***@qq.com") == ""


@pytest.mark.parametrize(
    ("text", "right"), [("ann@gmial.com", "ann@gmail.com"), ("Ann@QQ.con", "Ann@qq.com"), ("a@gmail.com", "")]
)
def test_typing_errors_of_domains(text, right):
    assert corrected_email(text) == right
