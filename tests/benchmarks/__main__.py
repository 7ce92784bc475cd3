"""All benchmarks, one after the other, each in a process of its own so that none disturbs the next."""

import subprocess
import sys

BENCHMARKS = (
    "bench_rules",
    "bench_storage",
    "bench_markets",
    "bench_liquidations",
    "bench_liquidations_lost",
    "bench_liquidations_told",
    "bench_fanout",
)


def main() -> None:
    """Run them all; one that fails ends the run."""
    for name in BENCHMARKS:
        subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], check=True)  # noqa: S603
        print(flush=True)


if __name__ == "__main__":
    main()
