"""Pages of catalogue and stock."""
