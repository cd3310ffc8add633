"""QR codes as SVG without style attributes, so that a strict content security policy lets them show."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

_QUIET_ZONE = 4  # modules of white around the code, ISO/IEC 18004


def qr_svg(text: str, label: str) -> SafeString:
    """An <svg> of the code, black on white in both themes; `label` is read to people who can't see it."""
    # Large, and only needed where somebody sets up a second factor.
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel  # noqa: PLC0415

    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = code.getModuleCount()
    runs = "".join(
        f"M{column + _QUIET_ZONE} {row + _QUIET_ZONE}h1v1h-1z"
        for row in range(size)
        for column in range(size)
        if code.isDark(row, column)
    )
    side = size + 2 * _QUIET_ZONE
    return format_html(
        '<svg class="qr-code" role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges"'
        ' xmlns="http://www.w3.org/2000/svg"><path fill="#fff" d="M0 0h{}v{}H0z"/><path fill="#000" d="{}"/></svg>',
        label,
        side,
        side,
        side,
        side,
        runs,
    )
