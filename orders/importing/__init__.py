"""Order files of any layout to canonical orders: mapping, cells, grouping of rows. Pure: no database, no clock."""
