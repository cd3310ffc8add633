"""A run's result as a table."""

from chaos.run import Result


def table(result: Result) -> str:
    """Faults by kind, then the account, then what is wrong."""
    lines = ["Faults injected"]
    lines += [f"  {name:<48} {count:>7,}" for name, count in sorted(result.struck.items())]
    lines += [_row("in all", result.struck.total()), _row("in the middle of a transaction", result.struck_busy)]
    lines += ["", "Processes started again"]
    lines += [_row(name, count) for name, count in result.restarts.items()]
    lines += ["", "Afterwards"]
    lines += [_row(name, count) for name, count in result.account.figures.items()]
    lines += ["", *(f"  {seconds:.0f} s {name}" for name, seconds in result.seconds.items())]
    lines.append(f"  clock put forward by {result.minutes_forward:.0f} min for pauses between tries to pass")
    lines += (
        ["", *result.account.wrong] if result.account.wrong else ["", "Nothing lost, nothing doubled, nothing stuck."]
    )
    return "\n".join(lines)


def _row(name: str, count: int) -> str:
    return f"  {name:<48} {count:>7,}"
