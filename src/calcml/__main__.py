"""Command line: one row of the reference table, or a check of all of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np

from calcml.functions import WORKS, all_identities, get
from calcml.identity import Identity

SEEDS = range(2)
LIMITS = {"differences": 1e-7}
LIMIT = 1e-10
"""Errors above these are failures; differences of values cannot do better than theirs."""


def measured(row: Identity) -> dict[str, float]:
    """Worst errors of a row over all seeds, by oracle."""
    worst: dict[str, float] = {}
    for seed in SEEDS:
        for oracle, error in row.check(np.random.default_rng(seed)).items():
            worst[oracle] = max(worst.get(oracle, 0.0), error)
    return worst


def failed(errors: dict[str, float]) -> bool:
    """Whether any error is above the limit of its oracle, or no number."""
    return any(not error <= LIMITS.get(oracle, LIMIT) for oracle, error in errors.items())


def show(row: Identity) -> bool:
    """Print a row and its check; True if it passed."""
    print(f"{row.title} gradient ({row.group})")
    print(row.summary)
    print()
    for title, (results, where) in (
        ("function", row.formulas()),
        ("gradient", row.gradient_formulas()),
    ):
        for k, line in enumerate(results):
            print(f"{title if k == 0 else '':12}{line}")
        for k, line in enumerate(where):
            print(f"{'  with' if k == 0 else '':12}{line}")
    for argument in row.arguments:
        kind = [argument.domain] if argument.domain != "real" else []
        kind += ["fixed"] if argument.fixed and not argument.classes else []
        print(f"{'argument':12}{argument.name} {argument.text} {' '.join(kind)}".rstrip())
    for title, text in (("conditions", row.kinks), ("source", row.source)):
        if text:
            print(f"{title:12}{text}")
    for work in dict.fromkeys(citation.work for citation in row.citations):
        print(f"{'reference':12}{WORKS[work].reference} {WORKS[work].url}")
    errors = measured(row)
    for oracle, error in errors.items():
        print(f"{'error':12}{error:.1e} against {oracle}")
    print(f"{'check':12}{'failed' if failed(errors) else 'passed'}")
    return not failed(errors)


def check_all() -> bool:
    """Check all rows, with a progress bar on a terminal; True if all passed."""
    rows = all_identities()
    wrong = 0
    for k, row in enumerate(rows, 1):
        errors = measured(row)
        if sys.stderr.isatty():
            done = 30 * k // len(rows)
            sys.stderr.write(f"\r[{'#' * done}{' ' * (30 - done)}] {k} of {len(rows)}")
        if failed(errors):
            wrong += 1
            worst = max(errors, key=lambda oracle: errors[oracle])
            print(f"{row.name}: error {errors[worst]:.1e} against {worst}")
    if sys.stderr.isatty():
        sys.stderr.write("\n")
    print(f"{len(rows) - wrong} of {len(rows)} rows passed")
    return not wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0 passed, 1 failed, 2 not understood.

    Parameters
    ----------
    arguments : sequence of str, optional
        In the place of those of the command line.

    Returns
    -------
    int

    Examples
    --------
    >>> main(["identity", "trace"])  # doctest: +ELLIPSIS
    Trace gradient (Matrix functions)
    ...
    check       passed
    0
    """
    parser = argparse.ArgumentParser(prog="python -m calcml", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("identity", help="print one row and run its check")
    one.add_argument("name", help="such as softmax-cross-entropy")
    many = commands.add_parser("identities", help="list all rows")
    many.add_argument("--check", action="store_true", help="check all rows instead")
    given = parser.parse_args(arguments)
    if given.command == "identity":
        try:
            row = get(given.name)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        return 0 if show(row) else 1
    if given.check:
        return 0 if check_all() else 1
    for row in all_identities():
        print(f"{row.name:36}{row.title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
