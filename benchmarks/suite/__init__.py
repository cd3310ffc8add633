"""The benchmarks themselves, each registered under its name."""
