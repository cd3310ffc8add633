"""Mappings for the files that channels let merchants download.

Headings as the channels write them; what a heading means is said where it isn't plain. Encodings and delimiters are
found by core.tabular.
"""

from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.importing.mapping import FileMapping, Options, importable_fields


@dataclass(frozen=True, slots=True)
class LinesFile:
    """A second file that holds the lines: its column `key` names the order of the first file's `order_key`."""

    key: str
    order_key: str


@dataclass(frozen=True, slots=True)
class Preset:
    """A known file. `channel` holds values for a channel made for it; `lines_file` is set where lines are apart."""

    code: str
    label: str | Promise
    mapping: FileMapping
    channel: dict[str, object] = field(default_factory=dict)
    lines_file: LinesFile | None = None

    def fits(self, header: list[str]) -> bool:
        """Whether a file with this header is of this kind: every mapped column is there."""
        return set(self.mapping.columns.values()) <= set(header)


_CANONICAL = FileMapping({path: path for path in importable_fields()})

_UCI = FileMapping(
    {
        "external_id": "InvoiceNo",
        "placed_at": "InvoiceDate",
        "customer.external_id": "CustomerID",
        "shipping_address.country": "Country",
        "lines.sku": "StockCode",
        "lines.name": "Description",
        "lines.quantity": "Quantity",
        "lines.unit_price": "UnitPrice",
    },
    Options(
        blank={"shipping_address.country": ["Unspecified", "European Community"]},
        cancellation_prefix="C",
        adjustment_prefix="A",
        repeated_rows="drop",
        plain_ids=True,
        services=["POST", "DOT", "M", "D", "S", "B", "C2", "CRUK", "BANK CHARGES", "AMAZONFEE", "gift_.*"],
    ),
)

_SHOPIFY = FileMapping(
    {
        "group": "Name",
        "external_id": "Id",
        "display_number": "Name",
        "placed_at": "Created at",
        "cancelled_at": "Cancelled at",
        "currency": "Currency",
        "customer.email": "Email",
        "customer.name": "Billing Name",
        "customer.phone": "Billing Phone",
        "shipping_address.name": "Shipping Name",
        "shipping_address.phone": "Shipping Phone",
        "shipping_address.country": "Shipping Country",
        "shipping_address.province": "Shipping Province",
        "shipping_address.city": "Shipping City",
        "shipping_address.street": "Shipping Address1",
        "shipping_address.street2": "Shipping Address2",
        "shipping_address.postal_code": "Shipping Zip",
        "lines.sku": "Lineitem sku",
        "lines.name": "Lineitem name",
        "lines.quantity": "Lineitem quantity",
        "lines.unit_price": "Lineitem price",
        "shipping_fee": "Shipping",
        "discount": "Discount Amount",
        "tax": "Taxes",
        "total": "Total",
        "payment.status": "Financial Status",
        "payment.method": "Payment Method",
        "payment.paid_at": "Paid at",
        "payment.reference": "Payment Reference",
        "buyer_note": "Notes",
    },
    Options(
        date_formats=["%Y-%m-%d %H:%M:%S %z"],
        words={"payment.status": {"pending": "unpaid", "expired": "unpaid"}},
    ),
)

_TAOBAO_STATUSES = {
    "等待买家付款": "unpaid",
    "买家已付款，等待卖家发货": "paid",
    "买家已付款,等待卖家发货": "paid",
    "卖家部分发货": "",
    "卖家已发货，等待买家确认": "",
    "卖家已发货,等待买家确认": "",
    "交易成功": "",
    "交易关闭": "",
}
# ExportOrderList with ExportOrderDetailList. "总金额" is what the buyer pays, postage included; the lines' "价格" is
# before the discounts of the shop, which appear as the difference only, so the order's total is the file's.
_TAOBAO = FileMapping(
    {
        "external_id": "订单编号",
        "placed_at": "订单创建时间",
        "customer.external_id": "买家会员名",
        "shipping_address.name": "收货人姓名",
        "shipping_address.phone": "联系手机",
        "shipping_address.full": "收货地址",
        "lines.external_id": "子订单编号",
        "lines.sku": "商家编码",
        "lines.name": "标题",
        "lines.quantity": "购买数量",
        "lines.amount": "明细·买家应付货款",
        "shipping_fee": "买家应付邮费",
        "total": "总金额",
        "status": "订单状态",
        "payment.paid_at": "订单付款时间",
        "buyer_note": "买家留言",
    },
    Options(empty_values=["null", "无"], statuses=_TAOBAO_STATUSES),
)

# "订单应付金额" of a sub-order is what the buyer pays for it, postage included.
_DOUYIN = FileMapping(
    {
        "external_id": "主订单编号",
        "placed_at": "订单提交时间",
        "shipping_address.name": "收件人",
        "shipping_address.phone": "收件人手机号",
        "shipping_address.full": "详细地址",
        "lines.external_id": "子订单编号",
        "lines.sku": "商家编码",
        "lines.name": "选购商品",
        "lines.quantity": "商品数量",
        "lines.amount": "订单应付金额",
        "status": "订单状态",
    },
    Options(
        empty_values=["-"],
        statuses={
            "待支付": "unpaid",
            "待发货": "paid",
            "备货中": "paid",
            "部分发货": "",
            "已发货": "",
            "已完成": "",
            "已关闭": "",
            "已取消": "",
        },
    ),
)

# The platform's discount is paid back by the platform, so the merchant's total is goods + postage − shop discount.
_PINDUODUO = FileMapping(
    {
        "external_id": "订单号",
        "placed_at": "订单成交时间",
        "lines.sku": "商家编码-规格维度",
        "lines.name": "商品",
        "lines.quantity": "商品数量(件)",
        "lines.amount": "商品总价(元)",
        "shipping_fee": "邮费(元)",
        "discount": "店铺优惠折扣(元)",
        "total": "商家实收金额(元)",
        "status": "订单状态",
    },
    Options(
        statuses={
            "待支付": "unpaid",
            "待发货": "paid",
            "已发货，待签收": "",
            "已发货，待收货": "",
            "已签收": "",
            "已收货": "",
            "已取消": "",
            "已取消，退款成功": "",
            "已发货，退款成功": "",
            "未发货，退款成功": "",
        },
    ),
)

_JD = FileMapping(
    {
        "external_id": "订单号",
        "placed_at": "下单时间",
        "customer.external_id": "下单帐号",
        "shipping_address.name": "客户姓名",
        "shipping_address.phone": "联系电话",
        "shipping_address.full": "客户地址",
        "lines.sku": "货号",
        "lines.name": "商品名称",
        "lines.quantity": "订购数量",
        "lines.unit_price": "京东价",
        "shipping_fee": "运费金额",
        "status": "订单状态",
        "payment.method": "支付方式",
        "payment.paid_at": "付款确认时间",
        "buyer_note": "订单备注",
    },
    Options(
        statuses={
            "等待付款": "unpaid",
            "等待出库": "paid",
            "等待确认收货": "",
            "完成": "",
            "(删除)等待出库": "",
            "(锁定)等待出库": "",
            "(删除)等待付款": "",
        },
    ),
)

# The report "new orders", tab separated. "item-price" is that of the whole line.
_AMAZON = FileMapping(
    {
        "external_id": "order-id",
        "placed_at": "purchase-date",
        "currency": "currency",
        "customer.email": "buyer-email",
        "customer.name": "buyer-name",
        "customer.phone": "buyer-phone-number",
        "shipping_address.name": "recipient-name",
        "shipping_address.phone": "ship-phone-number",
        "shipping_address.country": "ship-country",
        "shipping_address.province": "ship-state",
        "shipping_address.city": "ship-city",
        "shipping_address.street": "ship-address-1",
        "shipping_address.street2": "ship-address-2",
        "shipping_address.street3": "ship-address-3",
        "shipping_address.postal_code": "ship-postal-code",
        "lines.external_id": "order-item-id",
        "lines.sku": "sku",
        "lines.name": "product-name",
        "lines.quantity": "quantity-purchased",
        "lines.amount": "item-price",
        "lines.tax": "item-tax",
        "payment.paid_at": "payments-date",
    },
    Options(constants={"payment.status": "paid"}),
)

PRESETS: Final[dict[str, Preset]] = {
    preset.code: preset
    for preset in (
        Preset("canonical", _("Our own columns"), _CANONICAL),
        Preset(
            "uci",
            _("UCI Online Retail"),
            _UCI,
            channel={
                "name": "Online Retail",
                "currency": "GBP",
                "country": "GB",
                "time_zone": "Europe/London",
                "requires_payment": False,
                "requires_address": False,
            },
        ),
        Preset("shopify_csv", _("Shopify orders export"), _SHOPIFY),
        Preset(
            "taobao", _("Taobao order list and detail list"), _TAOBAO, lines_file=LinesFile("主订单编号", "订单编号")
        ),
        Preset("douyin", _("Douyin orders"), _DOUYIN),
        Preset("pinduoduo", _("Pinduoduo orders"), _PINDUODUO),
        Preset("jd", _("JD orders"), _JD),
        Preset("amazon", _("Amazon new orders report"), _AMAZON),
    )
}


def detect(header: list[str]) -> Preset | None:
    """The preset whose columns the header has; the one with the most columns if several fit."""
    fitting = [preset for preset in PRESETS.values() if preset.code != "canonical" and preset.fits(header)]
    return max(fitting, key=lambda preset: len(preset.mapping.columns), default=None)
