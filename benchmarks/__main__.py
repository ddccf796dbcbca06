"""All benchmarks, one after the other: `python -m benchmarks [--count 1000000]`, where `count` is the payloads per family."""

from __future__ import annotations

import argparse
import sys

from benchmarks import fuzz, hatasmota, routing

parser = argparse.ArgumentParser(prog="python -m benchmarks")
parser.add_argument("--count", type=int, default=50_000)
asked = parser.parse_args()
routing.measure()
hatasmota.measure()
sys.exit(1 if fuzz.measure(count=asked.count) else 0)
