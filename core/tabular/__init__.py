"""Read CSV and XLSX files that people upload: any usual encoding and delimiter, bounded, as rows of text.

    with open_table(path) as table:
        columns = match_header(table.header, {"sku": ["SKU", "商品编码"], "quantity": ["Qty", "数量"]})
        for row in table:
            values = columns.values(row.cells)

Everything about the file as a whole raises TabularError with a message for the person who uploaded it;
what is wrong with one row only is in `row.problem`.
"""

from core.tabular.cells import clean_cell
from core.tabular.exceptions import TabularError
from core.tabular.header import HeaderMatch, fold, match_header
from core.tabular.reader import Limits, Row, Table, open_table

__all__ = [
    "HeaderMatch",
    "Limits",
    "Row",
    "Table",
    "TabularError",
    "clean_cell",
    "fold",
    "match_header",
    "open_table",
]
