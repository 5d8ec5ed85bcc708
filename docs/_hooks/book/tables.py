"""The pages that the package writes itself: the reference table, its rows measured as it is built."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import html
import inspect
import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

import numpy as np

from calcml.functions import WORKS, all_identities
from calcml.identity import Identity

from . import frameworks, kinks, runner, whole
from .reader import ROOT

CACHE = ROOT / ".cache" / "identities"
SEEDS = range(3)

INTRODUCTION = """\
---
search:
  boost: 2
---

# ML gradient reference table

Every gradient on this page is a function that runs. Each row is compared with two derivatives that do not share its
derivation, at random arguments of {sizes} sizes and {scales} scales; the largest error that was ever seen is printed in the
row. In the tests JAX differentiates the very same code, PyTorch its own version of the rows that it has, and every wrong
version of a gradient (a lost term, sign, transpose, sum or factor) must fail. The formulas are not typed by hand: they
are typeset from the code that was tested, and a second program reads them back and evaluates them.

How to read a formula:

- $f$ is the value of the function. $\\nabla_x f$ is its gradient, in the shape of $x$.
- Where $f$ is a vector or a matrix, $g$ is the gradient of a loss with respect to $f$, which arrives from the layers
  above, and $\\nabla_x f$ stands for the gradient of that loss with respect to $x$: the inner product $\\langle g, f \\rangle$
  differentiated with $g$ held fixed.
- Bold letters are vectors (columns), capital letters matrices. $\\odot$ is the product of entries, $x^{{\\odot 2}}$ a power of
  entries; fractions and functions such as $\\exp$ act on entries too.
- $\\operatorname{{sum}}_d$ and $\\operatorname{{mean}}_d$ run over the axis of length $d$, and keep it for broadcasting; without an
  index they run over everything. $[x > 0]$ is 1 where the condition holds and 0 elsewhere.
- The losses of regression and classification are means over the $n$ examples, unless the row says otherwise. A source may
  give the loss of one example, or the sum.

Every row can be called: `calcml.functions.get("quadratic-form")` is a function with a method `gradient`.
"""

KINKS = """\
# Kinks

What is the gradient of `np.abs` at 0? There is none: the slope jumps from -1 to 1. A library must return something all
the same, and libraries differ. This table says what `calcml`, PyTorch {torch} and JAX {jax} return, for each way of
writing the function. The tests measure every entry, so a new release that changes one is noticed.

**Subgradients** are the slopes that would be right: for a convex function, all slopes of lines through the point that
stay below the graph. A value among them is safe for a descent method. A value outside of them is a trap, and `nan` ends a
training run. In {differ} of the {count} rows the three libraries do not agree.

For functions with a name of their own, `calcml` stands for the row of the [reference table](table.md); for the others,
for `calcml.autodiff.grad` on the code shown.

| Function and point | Subgradients | `calcml` | PyTorch | JAX |
|---|---|---|---|---|
{rows}

Three habits follow. Use the named function (`torch.relu`, not a maximum with zero) where you want its convention. Keep a
norm or a root away from zero with a small constant inside the root. And where a branch of `np.where` is undefined, make
its *argument* harmless first, because PyTorch and JAX differentiate the branch that is not taken too.
"""

VERIFICATION = """\
# Verification report

How far can the {count} rows of the [reference table](../reference/table.md) be trusted? The build that wrote this page compared each
gradient with derivatives that do not share its derivation, at random arguments of several sizes and scales, and kept the
largest relative error that it saw. Float64 carries about sixteen digits; a slip in a formula is an error of order one.

| Oracle | Rows | Median error | Worst error | Where |
|---|---|---|---|---|
{totals}

- *Complex step* and *differences* know the values of the function and nothing else.
- *Automatic differentiation* is `calcml.autodiff`, which differentiates the program.
- *JAX* differentiates the very same code with another NumPy under it. *PyTorch* has its own version of some of the rows; a
  cell is empty where it has none.

What this does not show: that the function is the one you meant, that its source is cited rightly, and what happens at
points that random arguments never hit. For those there is the [table of kinks](../reference/kinks.md).

## Every row

| Row | {oracles} |
|---|{rule}|
{rows}
"""

CONTROLS = """\
<form class="identity-controls" hidden>
<label>Filter <input type="search" name="filter" placeholder="layer norm, softmax, log det" autocomplete="off"></label>
<label>Sort <select name="sort"><option value="">by group</option><option value="name">by name</option>
<option value="error">by worst error</option></select></label>
<output name="count" aria-live="polite"></output>
</form>
"""


PAGES: dict[str, Callable[[], str]] = {
    "reference/table.md": lambda: table(all_identities()),
    "reference/kinks.md": lambda: kinks_page(kinks.KINKS),
    "appendices/verification.md": lambda: verification(all_identities()),
}
"""The generated pages: where each stands in the book, and what makes its Markdown."""


def table(rows: Iterable[Identity]) -> str:
    rows = list(rows)
    parts = [
        INTRODUCTION.format(
            sizes=max(len(row.cases) for row in rows), scales=max(len(row.scales) for row in rows)
        ),
        CONTROLS,
    ]
    for group, members in groupby(rows, key=lambda row: row.group):
        parts.append(f"## {group}\n")
        parts += [section(row) for row in members]
    return "\n".join([*parts, references(rows)])


def verification(rows: Iterable[Identity]) -> str:
    """The report: the worst error of every row against every oracle, and of every oracle."""
    rows = list(rows)
    errors = {row.name: measured(row) for row in rows}
    oracles = list(dict.fromkeys(name for found in errors.values() for name in found))
    totals, lines = [], []
    for oracle in oracles:
        found = {name: values[oracle] for name, values in errors.items() if oracle in values}
        worst = max(found, key=lambda name: found[name])
        totals.append(
            f"| {oracle} | {len(found)} of {len(rows)} | {np.median(list(found.values())):.1e} "
            f"| {found[worst]:.1e} | [{worst}](../reference/table.md#{worst}) |"
        )
    for row in rows:
        cells = [f"{errors[row.name][o]:.1e}" if o in errors[row.name] else "" for o in oracles]
        title = f"[{row.title}](../reference/table.md#{row.name})"
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return VERIFICATION.format(
        count=len(rows),
        totals="\n".join(totals),
        oracles=" | ".join(oracles),
        rule="|".join("---" for _ in oracles),
        rows="\n".join(lines),
    )


def kinks_page(found: list[kinks.Kink]) -> str:
    """The table of kinks, from the values that the tests measure."""
    rows = []
    for kink in found:
        point = ", ".join(f"{v:g}" for v in kink.point)
        theirs = f"; JAX `{kink.jax}`" if kink.jax else ""
        about = f"{kink.title}<br>`{kink.code}` at {point}; PyTorch `{kink.torch}`{theirs}"
        rows.append(
            f"| {about} | {kink.subgradients} | {kink.calcml} | {kink.torch_value} | {kink.jax_value} |"
        )
    differ = sum(len({kink.calcml, kink.torch_value, kink.jax_value}) > 1 for kink in found)
    return KINKS.format(
        rows="\n".join(rows),
        count=len(found),
        differ=differ,
        torch=kinks.TORCH,
        jax=kinks.JAX,
    )


def section(row: Identity) -> str:
    """One row: everything that is known of it, under a heading of its own."""
    errors = measured(row)
    worst = max(errors.values())
    facts = [
        ("Shapes", ", ".join(f"`{a.name}` {shape_of(row, a.name)}" for a in row.arguments)),
        ("Conditions", row.kinks),
        ("Also", row.keywords),
        ("Source", cited(row) + derived(row)),
        ("Worst error", "; ".join(f"{oracle} {error:.1e}" for oracle, error in errors.items())),
    ]
    (value, before), (gradients, between) = row.formulas(), row.gradient_formulas()
    listed = "\n".join(f"**{name}:** {fact}  " for name, fact in facts if fact)
    return f"""\
<section class="identity" markdown="1" data-name="{html.escape(row.title.lower())}" data-error="{worst:.3e}">

### {row.title} gradient {{ #{row.name} }}

<div class="identity-body" markdown="1">

{row.summary}

{displayed(value, before)}

{displayed(gradients, [line for line in between if line not in before])}

{listed}

<details class="identity-code" markdown="1"><summary>Code: <code>calcml.functions.{row.__name__}</code></summary>

```python
{code(row)}
```

</details>

</div>

</section>
"""


def shape_of(row: Identity, name: str) -> str:
    argument = next(a for a in row.arguments if a.name == name)
    words = [argument.domain] if argument.domain != "real" else []
    words += ["fixed"] if argument.fixed and not argument.classes else []
    return f"`{argument.text}`" + (f" {' '.join(words)}" if words else "")


def cited(row: Identity) -> str:
    """The source of a row, each work linked to its entry among the references."""
    return "; ".join(
        f"[{work}](#{anchor(work)})" + (f", {place}" if place else "")
        for work, place in row.citations
    )


def anchor(work: str) -> str:
    """Where the entry of a work stands: "Boyd and Vandenberghe 2004" at boyd-and-vandenberghe-2004."""
    letters = unicodedata.normalize("NFKD", work).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters)


def references(rows: Iterable[Identity]) -> str:
    """The works that the rows cite, by name, each at an anchor of its own."""
    works = {work for row in rows for work, _ in row.citations}
    entries = [
        f"{WORKS[work].reference} <{WORKS[work].url}>\n{{: #{anchor(work)} }}"
        for work in sorted(works, key=anchor)
    ]
    return "\n\n".join(["## References { #references }", *entries]) + "\n"


def derived(row: Identity) -> str:
    """A link to the chapter that derives the row, if the book has it."""
    if not row.chapter or not (ROOT / "docs" / row.chapter.partition("#")[0]).is_file():
        return ""
    return f"; [derived in the book](../{row.chapter})"


def displayed(results: Iterable[object], where: Iterable[object]) -> str:
    r"""Lines of one display, aligned at their equals signs."""
    lines = [str(line).replace(" = ", " &= ", 1) for line in results]
    lines += [rf"\text{{with }} {str(line).replace(' = ', ' &= ', 1)}" for line in where]
    body = r" \\ ".join(lines)
    return f"$$\n\\begin{{aligned}} {body} \\end{{aligned}}\n$$"


def code(row: Identity) -> str:
    """The source of the function and of its rule, without decorators and types."""
    assert row.backward is not None
    found = []
    for function in (row.function, row.backward):
        lines = textwrap.dedent(inspect.getsource(function)).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("def "))
        found.append("\n".join(lines[start:]).replace(": Array", "").replace(" -> Array", ""))
    return "\n\n\n".join([found[0], f"@{row.__name__}.rule\n{found[1]}"])


def measured(row: Identity) -> dict[str, float]:
    """Worst errors of a row over all seeds, from the cache if nothing changed that they rest on."""
    file = CACHE / f"{row.name}-{_version(row)}.json"
    with contextlib.suppress(FileNotFoundError, ValueError):
        found: dict[str, float] = json.loads(file.read_text("utf-8"))
        return found
    worst: dict[str, float] = {}
    for seed in SEEDS:
        for oracle, error in row.check(np.random.default_rng(seed)).items():
            worst[oracle] = max(worst.get(oracle, 0.0), error)
    worst |= frameworks.errors(row)
    whole.write(file, json.dumps(worst))
    return worst


_ORACLES = hashlib.sha256()
for _folder in ("identity", "autodiff", "numeric"):
    for _path in sorted((ROOT / "src" / "calcml" / _folder).rglob("*.py")):
        _ORACLES.update(_path.read_bytes())
for _name in ("tables", "frameworks", "torch_rows"):
    _ORACLES.update(Path(__file__).with_name(f"{_name}.py").read_bytes())
for _name in ("numpy", "jax", "jaxlib", "torch"):
    _ORACLES.update(f"{_name} {runner.version(_name)}".encode())


def _version(row: Identity) -> str:
    """What decides the errors of a row: its code and the oracles."""
    version = _ORACLES.copy()
    version.update(_code_behind(Path(inspect.getsourcefile(row.function) or "")))
    return version.hexdigest()[:16]


@functools.cache
def _code_behind(file: Path) -> bytes:
    """A file of rows, and those that it imports of what computes in its folder."""
    text = file.read_text("utf-8")
    names = re.findall(r"^from calcml\.functions\.(?!_registry)(\w+) import", text, re.MULTILINE)
    return b"".join([text.encode(), *(_code_behind(file.with_name(f"{n}.py")) for n in names)])


if __name__ == "__main__":
    print(json.dumps({address: make() for address, make in PAGES.items()}))
