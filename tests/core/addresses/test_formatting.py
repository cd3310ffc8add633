from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import Address, fingerprint, format_address, mask_email, mask_name, mask_postal_code, mask_street

SHANGHAI = Address("王小明", "", "CN", "上海市", "上海市", "浦东新区", "世纪大道100号", "200120")
LONDON = Address("Ann Lee", "", "GB", "", "London", "", "1 High Street", "SW1A 1AA")


def test_chinese_from_large_to_small():
    assert format_address(SHANGHAI, "zh-hans") == ["王小明", "上海市浦东新区世纪大道100号", "200120", "中国"]
    assert format_address(replace(SHANGHAI, province="江苏省", city="苏州市"), "en")[1:] == [
        "江苏省苏州市浦东新区世纪大道100号", "200120", "China",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (LONDON, ["Ann Lee", "1 High Street", "LONDON", "SW1A 1AA", "United Kingdom"]),
        (replace(LONDON, province="Kent"), ["Ann Lee", "1 High Street", "LONDON", "SW1A 1AA", "Kent",
                                            "United Kingdom"]),
        (Address("A B", "", "US", "CA", "Los Angeles", "", "1 Main St", "90001"),
         ["A B", "1 Main St", "LOS ANGELES, CA 90001", "United States"]),
        (Address("A B", "", "US", "", "Los Angeles", "", "1 Main St", ""),
         ["A B", "1 Main St", "LOS ANGELES", "United States"]),
        (Address("A B", "", "DE", "", "Berlin", "", "Weg 1", "10115"),
         ["A B", "Weg 1", "10115 BERLIN", "Germany"]),
        (Address("Wang", "", "CN", "Shanghai", "Shanghai", "Pudong", "100 Century Ave", "200120"),
         ["Wang", "100 Century Ave", "Pudong", "Shanghai, Shanghai 200120", "China"]),
        (Address("", "", "FR"), ["France"]),
        (Address(), []),
        (Address("A", "", "XX", "P", "C", "", "S", "1"), ["A", "S", "C, P 1", "XX"]),
    ],
)  # fmt: skip
def test_other_countries_by_their_own_format(address, lines):
    assert format_address(address, "en") == lines


TEXT = st.text(max_size=12)


@given(st.builds(Address, TEXT, TEXT, st.sampled_from(["CN", "GB", "US", "JP", ""]), TEXT, TEXT, TEXT, TEXT, TEXT))
def test_no_part_is_lost(address):
    block = "\n".join(format_address(address, "en")).casefold()
    for part in (address.street, address.district, address.city, address.postal_code):
        words = part.casefold().strip(" ,-–/\n\t\r\x0b\x0c")
        assert all(word.strip(",-–/") in block for word in words.split())


@given(st.builds(Address, TEXT, TEXT, st.just("GB"), TEXT, TEXT, TEXT, TEXT, TEXT))
def test_the_fingerprint_ignores_case_width_and_spaces(address):
    respelt = replace(address, street=f" {address.street.replace('a', 'ａ')} ", city=address.city + " ")
    assert fingerprint(respelt) == fingerprint(address)


def test_the_fingerprint_tells_parts_apart():
    assert fingerprint(replace(SHANGHAI, street="1")) != fingerprint(replace(SHANGHAI, street="2"))
    assert fingerprint(Address(city="a", district="b")) != fingerprint(Address(city="b", district="a"))
    assert fingerprint(Address(city="ab")) != fingerprint(Address(city="a", district="b"))


def test_masks():
    assert mask_name("王小明") == "王**"
    assert mask_name("Ann Lee") == "A*** L***"
    assert mask_name("") == ""
    assert mask_email("ann@example.com") == "a***@example.com"
    assert mask_email("") == ""
    assert mask_street("世纪大道100号") == "世纪大***"
    assert mask_street("1a") == "***"
    assert mask_postal_code("200120") == "200***"
    assert mask_postal_code("LS1 4AP") == "LS1***"
    assert mask_street("") == ""
