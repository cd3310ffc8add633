"""What people call the columns of their own order files, in English and Chinese.

Compared without case, spaces, hyphens and underscores (core.tabular.fold). A heading that may mean two things is
left out: a wrong guess costs more than a choice.
"""

from collections.abc import Mapping, Sequence
from typing import Final

HEADINGS: Final[Mapping[str, Sequence[str]]] = {
    "external_id": (
        "order no", "order id", "order", "order reference", "order ref", "invoice no",
        "订单号", "订单编号", "主订单编号", "单号", "平台单号", "网店单号",
    ),
    "placed_at": (
        "order date", "order time", "date", "created at", "ordered at", "purchase date",
        "下单时间", "下单日期", "订单时间", "订单日期", "创建时间", "日期",
    ),
    "currency": ("currency code", "币种", "货币"),
    "shipping_fee": ("shipping", "postage", "freight", "delivery fee", "运费", "邮费", "快递费"),
    "discount": ("discount", "优惠", "优惠金额", "订单优惠"),
    "total": ("order total", "grand total", "total amount", "实付金额", "订单金额", "应付金额", "总金额", "总价"),
    "buyer_note": ("note", "notes", "comment", "remark", "买家留言", "留言", "备注", "客户备注"),
    "ship_by": ("ship before", "发货截止时间", "最晚发货时间"),
    "lines.external_id": ("line", "line no", "子订单号", "子订单编号", "行号"),
    "lines.sku": (
        "sku code", "item", "item code", "item no", "product code", "article no", "stock code",
        "商品编码", "商家编码", "货号", "规格编码", "SKU 编码", "产品编码",
    ),
    "lines.name": (
        "product", "product name", "item name", "title", "description",
        "商品名称", "商品", "品名", "产品名称", "商品标题",
    ),
    "lines.quantity": ("qty", "units", "pieces", "数量", "件数", "购买数量", "商品数量"),
    "lines.unit_price": ("price", "unit cost", "item price", "单价", "价格", "商品单价", "售价"),
    "lines.amount": ("line total", "amount", "subtotal", "金额", "小计", "商品金额"),
    "customer.external_id": (
        "customer no", "customer number", "buyer id", "买家 ID", "会员号", "买家会员名", "买家昵称",
    ),
    "customer.name": ("customer", "customer name", "buyer name", "买家", "买家姓名", "客户", "客户姓名"),
    "customer.email": ("email", "mail", "customer email", "buyer email", "邮箱", "电子邮箱", "买家邮箱"),
    "customer.phone": ("customer phone", "买家电话", "买家手机"),
    "shipping_address.name": (
        "ship to", "consignee", "receiver", "shipping name", "recipient name",
        "收货人", "收件人", "收货人姓名", "收件人姓名", "姓名",
    ),
    "shipping_address.phone": (
        "phone", "phone number", "telephone", "tel", "mobile", "shipping phone",
        "手机", "手机号", "电话", "联系电话", "联系手机", "联系方式",
        "收货人手机", "收货人电话", "收件人手机", "收件人电话",
    ),
    "shipping_address.country": ("country code", "ship to country", "shipping country", "国家", "国家/地区"),
    "shipping_address.province": ("province", "state", "county", "region", "省", "省份", "省/州"),
    "shipping_address.city": ("town", "shipping city", "市", "城市"),
    "shipping_address.district": ("area", "区", "县", "区县"),
    "shipping_address.street": (
        "address", "street address", "address 1", "address line 1", "shipping address",
        "详细地址", "街道", "街道地址",
    ),
    "shipping_address.street2": ("address 2", "address line 2"),
    "shipping_address.street3": ("address 3", "address line 3"),
    "shipping_address.full": ("full address", "收货地址", "收件地址", "收件人地址", "收货人地址"),
    "shipping_address.postal_code": ("postcode", "zip", "zip code", "postal", "邮编", "邮政编码"),
    "payment.status": ("payment", "paid", "financial status", "支付状态", "付款状态"),
    "payment.method": ("paid with", "支付方式", "付款方式"),
    "payment.paid_at": ("payment time", "payment date", "支付时间", "付款时间", "订单付款时间"),
    "payment.reference": ("transaction", "transaction id", "支付单号", "交易号", "支付流水号"),
}  # fmt: skip

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "payment.status": {
        "Paid": "paid", "PAID": "paid", "yes": "paid", "Yes": "paid",
        "Unpaid": "unpaid", "UNPAID": "unpaid", "no": "unpaid", "No": "unpaid",
        "pending": "unpaid", "Pending": "unpaid",
        "COD": "cod", "cash on delivery": "cod", "Cash on delivery": "cod",
        "invoice": "invoiced", "Invoice": "invoiced",
        "已付款": "paid", "已支付": "paid", "是": "paid",
        "未付款": "unpaid", "未支付": "unpaid", "待付款": "unpaid", "待支付": "unpaid", "否": "unpaid",
        "部分付款": "partially_paid", "货到付款": "cod", "月结": "invoiced",
        "已退款": "refunded", "部分退款": "partially_refunded",
    },
}  # fmt: skip
