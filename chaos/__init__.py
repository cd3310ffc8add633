"""`make chaos`: the real processes under a steady load, with faults at random, and an account of what became of it."""
