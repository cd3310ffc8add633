"""The form page: errors at the field, nothing lost, page and dialog alike."""

import pytest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def url(pages, make_entries):
    (entry,) = make_entries(1)
    return f"/entries/{entry.pk}/rename/"


def test_the_button_says_the_verb_and_long_selects_can_be_searched(url, sign, boss):
    html = sign(boss).get(url).content.decode()

    assert "Save name" in html
    assert "<select data-search-select" in html


def test_an_error_of_the_form_keeps_what_was_typed(url, sign, boss):
    response = sign(boss).post(url, {"name": "", "country": "7"})

    html = response.content.decode()
    assert response.status_code == 422
    assert "field-error" in html
    assert '<option value="7" selected>' in html


def test_an_error_of_the_service_stands_at_its_field(url, sign, boss):
    response = sign(boss).post(url, {"name": "taken", "country": "1"})

    assert response.status_code == 422
    assert response.context["form"].errors == {"name": ["This name is taken."]}
    assert 'value="taken"' in response.content.decode()


def test_after_success_one_is_led_on_with_a_message(url, sign, boss):
    response = sign(boss).post(url, {"name": "New", "country": "1"}, follow=True)

    assert response.redirect_chain[0][0] == "/entries/"
    assert "Name saved." in response.content.decode()


def test_in_a_dialog_it_is_a_fragment_and_success_moves_the_whole_page(url, sign, boss):
    browser = sign(boss)

    fragment = browser.get(url, headers=HTMX).content.decode()
    answer = browser.post(url, {"name": "New", "country": "1"}, headers=HTMX)

    assert "<html" not in fragment
    assert f'hx-post="{url}"' in fragment
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/entries/"


def test_defaults_come_from_the_address(url, sign, boss):
    assert 'value="Given"' in sign(boss).get(f"{url}?name=Given").content.decode()


def test_who_lacks_the_right_is_refused(url, sign, clerk):
    assert sign(clerk).post(url, {"name": "New", "country": "1"}).status_code == 403
