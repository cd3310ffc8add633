"""Importing files of products and stock, row by row accountable."""
