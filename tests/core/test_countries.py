import pytest
from django.utils import translation

from core.countries import country_choices, country_code, country_name

UCI_ONLINE_RETAIL = {
    "Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Brazil": "BR", "Canada": "CA",
    "Channel Islands": "JE", "Cyprus": "CY", "Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE",
    "European Community": None, "Finland": "FI", "France": "FR", "Germany": "DE", "Greece": "GR",
    "Hong Kong": "HK", "Iceland": "IS", "Israel": "IL", "Italy": "IT", "Japan": "JP", "Lebanon": "LB",
    "Lithuania": "LT", "Malta": "MT", "Netherlands": "NL", "Norway": "NO", "Poland": "PL", "Portugal": "PT",
    "RSA": "ZA", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH",
    "USA": "US", "United Arab Emirates": "AE", "United Kingdom": "GB", "Unspecified": None,
}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), UCI_ONLINE_RETAIL.items())
def test_the_countries_of_uci_online_retail(name, code):
    assert country_code(name) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("gb", "GB"), (" CN ", "CN"), ("中国", "CN"), ("中华人民共和国", "CN"), ("美国", "US"), ("中国香港", "HK"),
        ("台湾", "TW"), ("USA", "US"), ("DEU", "DE"), ("840", "US"), ("the netherlands", "NL"), ("UK", "GB"),
        ("Côte d’Ivoire", "CI"), ("Viet Nam", "VN"), ("Türkiye", "TR"), ("Turkey", "TR"), ("U.S.A.", "US"),
        ("", None), ("EU", None), ("ZZ", None), ("Nowhere", None),
    ],
)  # fmt: skip
def test_codes_and_names(text, code):
    assert country_code(text) == code


def test_names_and_choices_follow_the_language():
    assert country_name("CN", "en") == "China"
    assert country_name("cn", "zh-hans") == "中国"
    assert country_name("XX", "en") == "XX"
    with translation.override("zh-hans"):
        assert ("GB", "英国") in country_choices()
    with translation.override("en"):
        choices = country_choices()
    assert choices[0] == ("AF", "Afghanistan")
    assert 240 < len(choices) < 252


@pytest.mark.parametrize("code", [code for code, _ in country_choices()])
def test_every_name_leads_back_to_its_code(code):
    assert country_code(country_name(code, "en")) == code
    assert country_code(country_name(code, "zh")) == code
