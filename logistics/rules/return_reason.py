"""Why a parcel came back, as far as carriers say: they have no common code for it, only words."""

import re

# Words of refusal or absence ("refused", 拒收, 无法联系) say nothing about the address.
_BAD_ADDRESS = re.compile(
    r"(incorrect|incomplete|insufficient|invalid|wrong|bad|unknown|illegible)\s+(street\s+|delivery\s+)?address"
    r"|address\b[^.]{0,40}\b(incorrect|incomplete|insufficient|invalid|wrong|unknown|illegible|not\s+(be\s+)?found)"
    r"|no\s+such\s+(address|street|number)"
    r"|(receiver|recipient|addressee|company)\b[^.]{0,20}\b(unknown|moved|has\s+moved)"
    r"|undeliverable\s+as\s+addressed"
    r"|地址[^，,。;；]{0,6}(不详|错误|有误|不存在|不清|不全|不完整|不符|不正确|无法识别|模糊)"
    r"|查无此(人|地|址|单位)|错误地址|无此地址|收件人(已)?(搬迁|搬走|迁址)",
    re.IGNORECASE,
)


def names_bad_address(text: str) -> bool:
    """Whether the text of a tracking event, in English or Chinese, says that the address was the trouble."""
    return _BAD_ADDRESS.search(text) is not None
