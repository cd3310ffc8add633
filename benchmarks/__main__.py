"""`python -m benchmarks`: run benchmarks on servers of their own, print a table, write results.json."""

import argparse
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"

SUITE = (
    "bulk", "api", "hot_sku", "file_import", "lists", "order_page", "tracking_page", "tracking_poll", "start", "growth",
)  # fmt: skip


def main() -> int:
    """Exit code 1 if a benchmark failed or missed its target."""
    options = _options()
    import django  # noqa: PLC0415 - settings are chosen above

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from benchmarks.registry import Run, benchmarks, say  # noqa: PLC0415
    from benchmarks.results import Result, save, table  # noqa: PLC0415
    from ecom_admin import embedded  # noqa: PLC0415

    for module in SUITE:
        import_module(f"benchmarks.suite.{module}")
    known = benchmarks()
    wanted = options.only or list(known)
    if unknown := set(wanted) - known.keys():
        say(f"No such benchmark: {', '.join(sorted(unknown))}. Known: {', '.join(known)}")
        return 2
    run = Run(rounds=options.rounds, seconds=options.seconds, orders=options.orders, largest=options.largest)
    results: list[Result] = []
    failed = False
    call_command("collectstatic", interactive=False, verbosity=0)
    with embedded.running(settings.DATA_DIR):
        for name in wanted:
            say(f"{name} …")
            try:
                results += known[name](run)
            except Exception:  # noqa: BLE001 - the others still have their say
                traceback.print_exc()
                failed = True
            else:
                save(results, options.output)
    say(f"\n{table(results)}\n")
    return 1 if failed or any(result.met is False for result in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="benchmarks to run; all of them if none is named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the tables before")
    parser.add_argument("--largest", type=int, default=1_000_000, help="orders where growth is measured")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.json"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
