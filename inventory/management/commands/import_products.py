"""Create and change products and SKUs from a file."""

from inventory.management.import_command import ImportCommand


class Command(ImportCommand):
    help = "Import products, SKUs, barcodes and aliases from CSV or XLSX; exit code 1 if a row failed."
    kind = "inventory.import_products"
