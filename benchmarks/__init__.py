"""How fast messages are read, beside whom, and what breaks a codec. `python -m benchmarks` runs all of it."""
