"""What the product does in a second, each figure beside its physical floor: `make bench`."""
