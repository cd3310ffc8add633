import time
from dataclasses import replace

import pytest

from core.addresses import Address, check_address
from core.addresses.nearest import nearest

SHANGHAI = Address(
    name="王小明", country="CN", province="上海市", city="上海市", district="浦东新区", street="世纪大道100号",
    postal_code="200120",
)  # fmt: skip
LONDON = Address(name="Ann Lee", country="GB", city="London", street="1 High Street", postal_code="SW1A 1AA")


def problems(base: Address, **changes: str) -> list[tuple]:
    return [
        (p.code, p.field, p.suggestion) for p in check_address(replace(base, **changes))
    ]  # fmt: skip


def cn(province: str, city: str, district: str, **more: str) -> list[tuple]:
    return problems(SHANGHAI, province=province, city=city, district=district, postal_code="", **more)


@pytest.mark.parametrize(
    ("province", "city", "district"),
    [
        ("上海市", "上海市", "浦东新区"),
        ("上海", "上海", "浦东新区"),
        ("上海", "市辖区", "徐汇"),
        ("上海市", "", "徐汇区"),
        ("重庆市", "县", "云阳县"),
        ("北京市", "朝阳区", ""),
        ("广西", "南宁", "青秀区"),
        ("广西壮族自治区", "南宁市", "青秀区"),
        ("内蒙古", "锡林郭勒盟", "锡林浩特市"),
        ("新疆", "伊犁", "伊宁市"),
        ("湖北省", "恩施土家族苗族自治州", "恩施市"),
        ("湖北省", "恩施", "恩施"),
        ("湖北省", "仙桃市", ""),
        ("湖北省", "省直辖县级行政区划", "仙桃市"),
        ("海南省", "文昌市", "文昌市"),
        ("广东省", "东莞市", ""),
        ("广东省", "东莞市", "长安镇"),
        ("浙江省", "杭州市", "临安市"),
        ("浙江省", "杭州市", "高新区"),
        ("香港特别行政区", "九龙", "油尖旺区"),
        ("台湾省", "台北市", "大安区"),
        (" 浙江省 ", "杭州市", "西湖区"),
    ],
)
def test_chinese_places_are_found_by_every_usual_name(province, city, district):
    assert cn(province, city, district) == []


@pytest.mark.parametrize(
    ("place", "code", "field", "suggestion"),
    [
        (("", "杭州市", "西湖区"), "missing", "province", {"province": "浙江省"}),
        (("", "", ""), "missing", "province", None),
        (("山冻省", "青岛市", "市南区"), "unknown", "province", {"province": "山东省"}),
        (("苏州", "苏州市", "姑苏区"), "unknown", "province", {"province": "江苏省"}),
        (("江苏省", "", "姑苏区"), "missing", "city", {"city": "苏州市"}),
        (("江苏省", "", ""), "missing", "city", None),
        (("江苏省", "苏洲市", "昆山市"), "unknown", "city", {"city": "苏州市"}),
        (("江苏省", "昆山市", ""), "wrong_level", "city", {"city": "苏州市", "district": "昆山市"}),
        (("浙江省", "苏州市", "昆山市"), "not_in_parent", "city", {"province": "江苏省"}),
        (("江苏省", "苏州市", ""), "missing", "district", None),
        (("上海市", "上海市", "浦动新区"), "unknown", "district", {"district": "浦东新区"}),
        (("上海市", "上海市", "闸北区"), "renamed", "district", {"district": "静安区"}),
        (("浙江省", "宁波市", "西湖区"), "not_in_parent", "district", {"city": "杭州市"}),
        (
            ("上海市", "上海市", "武侯区"), "not_in_parent", "district",
            {"province": "四川省", "city": "成都市"},
        ),
        (("广东省", "深圳市", "朝阳区"), "not_in_parent", "district", None),
        (("广东省", "深圳市", "不存在的地方"), "unknown", "district", None),
    ],
)  # fmt: skip
def test_wrong_chinese_places_and_what_would_be_right(place, code, field, suggestion):
    assert cn(*place) == [(code, field, suggestion)]


def test_a_missing_district_is_found_in_the_street():
    assert cn("江苏省", "苏州市", "", street="姑苏区人民路1号") == [("missing", "district", {"district": "姑苏区"})]


@pytest.mark.parametrize("code", ["", "000000", "200120", "２００１２０", "200 120"])
def test_postal_codes_that_a_chinese_address_may_have(code):
    assert problems(SHANGHAI, postal_code=code) == []


@pytest.mark.parametrize(("code", "problem"), [("20012", "bad_optional"), ("510000", "wrong_area")])
def test_postal_codes_that_a_chinese_address_may_not_have(code, problem):
    assert problems(SHANGHAI, postal_code=code) == [(problem, "postal_code", None)]


@pytest.mark.parametrize("value", ["", "  ", "-", "."])
@pytest.mark.parametrize("part", ["name", "street"])
@pytest.mark.parametrize("base", [SHANGHAI, LONDON])
def test_recipient_and_street_must_say_something(base, part, value):
    assert problems(base, **{part: value}) == [("missing", part, None)]


US = replace(LONDON, country="US", province="CA", city="Los Angeles", postal_code="90001")


@pytest.mark.parametrize(
    "address",
    [
        LONDON,
        replace(LONDON, postal_code="sw1a1aa", province="Greater London"),
        US,
        replace(US, province="california", postal_code="90001-1234"),
        Address("A", "", "JP", "東京都", "", "", "1-1", "100-0001"),
        Address("A", "", "JP", "Tokyo", "", "", "1-1", "1000001"),
        Address("A", "", "HK", "Kowloon", "", "", "1 Nathan Road", ""),
        Address("A", "", "CA", "Québec", "Montréal", "", "1 Rue", "H2X 1Y4"),
        Address("A", "", "BR", "SP", "São Paulo", "", "Rua 1", "01310-100"),
        Address("A", "", "IE", "", "Dublin", "", "1 Street", ""),
        Address("A", "", "AE", "Dubai", "", "", "1 Street", ""),
    ],
)
def test_right_addresses_abroad(address):
    assert check_address(address) == []


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        (LONDON, {"country": ""}, ("missing", "country", None)),
        (LONDON, {"country": "XX"}, ("unknown_country", "country", None)),
        (LONDON, {"city": ""}, ("missing", "city", None)),
        (LONDON, {"postal_code": ""}, ("missing", "postal_code", None)),
        (LONDON, {"postal_code": "12345"}, ("bad_format", "postal_code", None)),
        (US, {"province": ""}, ("missing", "province", None)),
        (US, {"province": "Californa"}, ("unknown", "province", {"province": "California"})),
        (US, {"province": "Somewhere"}, ("unknown", "province", None)),
        (US, {"province": "MA", "postal_code": "2134"}, ("bad_format", "postal_code", {"postal_code": "02134"})),
        (US, {"province": "TX"}, ("wrong_area", "postal_code", {"province": "California"})),
        (
            Address("A", "", "KR", "Seoul", "Gangnamgu", "", "1", "03051"), {},
            ("unlisted", "city", {"city": "Gangnam-gu"}),
        ),
        (Address("A", "", "IE", "", "Dublin", "", "1", "12"), {}, ("bad_optional", "postal_code", None)),
    ],
)  # fmt: skip
def test_wrong_addresses_abroad(base, changes, expected):
    assert problems(base, **changes) == [expected]


def test_every_country_of_the_choices_has_rules():
    from core.addresses.world import country
    from core.countries import country_choices

    # Western Sahara, and codes that libaddressinput leaves to their parent, have the general format.
    unknown = [code for code, _ in country_choices() if country(code) is None]
    assert len(unknown) < 5


def test_nearest_gives_nothing_when_two_names_are_equally_near():
    assert nearest("山冻省", ["山东省", "山西省"]) == ""
    assert nearest("山冻省", ["山东省", "广西"]) == "山东省"
    assert nearest("x", []) == ""


def test_places_seen_before_are_checked_fast():
    addresses = [
        replace(SHANGHAI, district=district, street=f"世纪大道{number}号")
        for number in range(2000)
        for district in ("浦东新区", "徐汇区", "静安区", "闸北区", "黄浦区")
    ]
    for address in addresses[:10]:
        check_address(address)
    start = time.thread_time()
    for address in addresses:
        check_address(address)
    # 20,000 a second is what intake needs; the machine of a test may be five times slower.
    assert len(addresses) / (time.thread_time() - start) > 4_000
