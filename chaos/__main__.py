"""`python -m chaos`: the product's real processes under load and faults; exit code 1 if anything went wrong."""

import argparse
import secrets
import sys

from chaos.environment import prepare

#: One of every sort; the long run draws from all.
SHORT = (
    "worker_killed", "worker_child_killed", "web_killed", "beat_killed", "redis_restarted_with_work_queued",
    "redis_flushed", "postgres_killed", "carrier_garbles", "disk_full", "clock_forward",
)  # fmt: skip


def main() -> int:
    options = _options()
    data_dir = prepare()
    import django  # noqa: PLC0415 - settings are chosen above

    django.setup()
    from chaos.faults import FAULTS  # noqa: PLC0415
    from chaos.report import table  # noqa: PLC0415
    from chaos.run import Plan, choose, run, say  # noqa: PLC0415
    from ecom_admin.embedded import EmbeddedError  # noqa: PLC0415

    kinds = options.only or list(SHORT if options.short else FAULTS)
    if unknown := set(kinds) - FAULTS.keys():
        say(f"No such fault: {', '.join(sorted(unknown))}. Known: {', '.join(FAULTS)}")
        return 2
    count = options.faults or (len(kinds) if options.short else 100)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    chosen = choose(kinds, count, seed)
    if options.short:
        plan = Plan(chosen, seed, pause=(0.1, 0.5), file_orders=25, parcels=10, settle_seconds=180.0)
    else:
        plan = Plan(chosen, seed, pause=(0.3, 1.5), file_orders=60, parcels=60, settle_seconds=600.0)
    say(f"{count} faults, seed {seed} (--seed {seed} strikes the same way again)")
    try:
        result = run(plan, data_dir)
    except (EmbeddedError, RuntimeError) as error:
        say(str(error))
        return 1
    say(f"\n{table(result)}")
    if result.account.wrong:
        say(f"\n{result.logs}\n\nAll logs: {data_dir}/log")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=0, help="how many (default 100)")
    parser.add_argument("--seed", type=int, help="the same seed chooses the same faults")
    parser.add_argument("--only", nargs="+", metavar="FAULT", help="kinds to draw from")
    parser.add_argument("--short", action="store_true", help="ten faults in quick succession, as in the tests")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
