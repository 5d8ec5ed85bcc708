r"""Formulas of a row, typeset from its own source: what is read is what runs.

The function and its rule are short straight-line NumPy code. Each expression becomes TeX by the
rules of linear algebra: ``x @ A @ x`` is :math:`x^\top A x`, ``a * b`` is a product of entries
where both are arrays and a multiple where one is a number. Which of the two it is, and which
letters are vectors, is found out by running the code on a sample beside the translation.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcml.identity._symbols import FUNCTIONS, REDUCTIONS, ndim, symbol

__all__ = ["Formula", "typeset"]

ADD, ODOT, MUL, ATOM = 1, 2, 3, 4
"""How strongly the parts of an expression hold together."""

COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.GtE: r"\ge", ast.LtE: r"\le", ast.Eq: "=", ast.NotEq: r"\ne"}  # fmt: skip


class NoFormulaError(ValueError):
    """Code that has no translation into a formula: write it in other words."""


@dataclass(frozen=True)
class Formula:
    """One line: the TeX of a left side and of a right side."""

    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


@dataclass(frozen=True)
class Piece:
    """TeX of an expression, how strongly it holds together, and what it is."""

    tex: str
    level: int = ATOM
    kind: str = ""  # "row" for a vector on the left of a product, "truth" for a condition
    turned: str = ""  # the same, as a column

    def within(self, level: int) -> str:
        """TeX that can stand where `level` is needed."""
        if self.kind == "truth":
            return f"[{self.tex}]"
        tex = self.turned or self.tex
        return bracket(tex) if self.level < level else tex


def bracket(tex: str) -> str:
    tall = any(word in tex for word in (r"\frac", r"\begin", r"\sum", r"\sqrt"))
    return rf"\left({tex}\right)" if tall else f"({tex})"


def typeset(
    function: Callable[..., Any],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    lefts: list[str],
    plain: str = "",
) -> tuple[list[Formula], list[Formula]]:
    """Typeset the lines of a function: its results, and the assignments on the way to them.

    `values` are sample arguments, `sizes` the distinct sizes of the symbols in their shapes, and
    `lefts` the left sides for the results. `plain` is an expression to be typeset in the place of
    the source, where that is written so as not to overflow.
    """
    if plain:
        body: list[ast.stmt] = [ast.Return(ast.parse(plain, mode="eval").body)]
    else:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        body = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)).body
    scope = _Scope(function.__globals__, dict(values), sizes)
    where: list[Formula] = []
    for line in body:
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            continue  # the docstring
        if isinstance(line, ast.Assign):
            together = isinstance(line.value, ast.Tuple)
            rights = [scope.tex(part).within(ADD) for part in _parts(line.value)]
            exec(compile(ast.Module([line], []), "<row>", "exec"), scope.globals, scope.locals)
            targets = _parts(line.targets[0]) if together else line.targets
            lines = [Formula(scope.target(a), b) for a, b in zip(targets, rights, strict=True)]
            where += [line for line in lines if line.left != line.right]  # n = len(x) says nothing
        elif isinstance(line, ast.Return) and line.value is not None:
            found = [scope.tex(part).within(ADD) for part in _parts(line.value)]
            results = [Formula(a, b) for a, b in zip(lefts, found, strict=True)]
            return _inlined(results, where, body)
        else:
            raise NoFormulaError(f"a {type(line).__name__} has no formula")
    raise NoFormulaError("a function without a result has no formula")


def _inlined(
    results: list[Formula], where: list[Formula], body: list[ast.stmt]
) -> tuple[list[Formula], list[Formula]]:
    """Put what was named only to be returned where it is returned."""
    names = [node.id for line in body for node in ast.walk(line) if isinstance(node, ast.Name)]
    once = {symbol(name, k) for name in names if names.count(name) == 2 for k in (0, 1, 2)}
    known = {line.left: line.right for line in where if line.left in once}
    used = {line.right for line in results} & known.keys()
    results = [Formula(line.left, known.get(line.right, line.right)) for line in results]
    return results, [line for line in where if line.left not in used]


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _pull_minus(node: ast.expr) -> ast.expr:
    """Move a minus on the first factor, ``(-a) * b``, in front of the product."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Mult, ast.Div, ast.MatMult)):
        return node
    first = _pull_minus(node.left)
    if not isinstance(first, ast.UnaryOp) or not isinstance(first.op, ast.USub):
        return node
    if isinstance(first.operand, ast.Constant) and not isinstance(node.op, ast.Div):
        return node
    return ast.UnaryOp(ast.USub(), ast.BinOp(first.operand, node.op, node.right))


class _Scope:
    """Names with their sample values, and the translation of expressions over them."""

    def __init__(
        self, names: dict[str, Any], values: dict[str, Any], sizes: Mapping[str, int]
    ) -> None:
        self.globals, self.locals = names, values
        self.symbols = {size: symbol for symbol, size in sizes.items()}

    def value(self, node: ast.expr) -> Any:
        code = compile(ast.Expression(node), "<row>", "eval")
        return eval(code, self.globals, self.locals)

    def ndim(self, node: ast.expr) -> int:
        return ndim(self.value(node))

    # Names

    def name(self, name: str) -> str:
        return symbol(name, ndim(self.locals.get(name, 0)))

    def target(self, node: ast.expr) -> str:
        if isinstance(node, ast.Tuple):
            return "(" + ", ".join(self.target(part) for part in node.elts) + ")"
        assert isinstance(node, ast.Name)
        return self.name(node.id)

    def size(self, n: int) -> str:
        return self.symbols.get(n, str(n))

    # Expressions

    def tex(self, node: ast.expr) -> Piece:
        """Translate an expression."""
        method = getattr(self, f"_{type(node).__name__}", None)
        if method is None:
            raise NoFormulaError(f"{ast.unparse(node)} has no formula")
        piece: Piece = method(node)
        return piece

    def _Constant(self, node: ast.Constant) -> Piece:
        text = f"{node.value:g}" if isinstance(node.value, float) else str(node.value)
        digits, _, power = text.partition("e")
        if power:
            text = (
                f"10^{{{int(power)}}}" if digits == "1" else rf"{digits} \cdot 10^{{{int(power)}}}"
            )
        return Piece(text)

    def _Name(self, node: ast.Name) -> Piece:
        return Piece(self.name(node.id))

    def _Attribute(self, node: ast.Attribute) -> Piece:
        known = {"pi": r"\pi", "inf": r"\infty", "e": r"\mathrm{e}"}
        if isinstance(node.value, ast.Name) and node.value.id == "np":
            return Piece(known[node.attr])
        if node.attr in {"T", "mT"}:
            return self._turned(node.value)
        if node.attr == "size":
            return Piece(self._sizes(np.shape(self.value(node.value))))
        raise NoFormulaError(f"{ast.unparse(node)} has no formula")

    def _sizes(self, shape: tuple[int, ...]) -> str:
        return " ".join(self.size(n) for n in shape) or "1"

    def _turned(self, node: ast.expr) -> Piece:
        inner = self.tex(node)
        if inner.level == ATOM and inner.tex.endswith(r"^{-1}"):
            return Piece(inner.tex.removesuffix(r"^{-1}") + r"^{-\top}")
        if inner.level == ATOM and inner.tex.endswith(r"^\top"):
            return Piece(inner.tex.removesuffix(r"^\top"))
        base = inner.within(ATOM)
        if "^" in base[-8:] or base.startswith((r"\frac", "-")):
            base = bracket(base)
        return Piece(rf"{base}^\top")

    def _UnaryOp(self, node: ast.UnaryOp) -> Piece:
        inner = self.tex(node.operand)
        if isinstance(node.op, ast.USub):
            if isinstance(node.operand, ast.Constant):
                return Piece(f"-{inner.tex}", MUL)
            return Piece(f"-{inner.within(ODOT)}", ADD)
        if isinstance(node.op, (ast.Invert, ast.Not)):
            return Piece(rf"\lnot {inner.within(ATOM)}", kind="truth")
        return inner

    def _Compare(self, node: ast.Compare) -> Piece:
        words = [self.tex(node.left).within(ADD)]
        for op, right in zip(node.ops, node.comparators, strict=True):
            words += [COMPARISONS[type(op)], self.tex(right).within(ADD)]
        return Piece(" ".join(words), ADD, "truth")

    def _BinOp(self, node: ast.BinOp) -> Piece:
        pulled = _pull_minus(node)
        if pulled is not node:
            return self.tex(ast.fix_missing_locations(ast.copy_location(pulled, node)))
        left, right = self.tex(node.left), self.tex(node.right)
        op = type(node.op)
        if op in {ast.Add, ast.Sub}:
            sign = "+" if op is ast.Add else "-"
            second = right.within(ADD if op is ast.Add else ODOT)
            if second.startswith("-"):
                second = bracket(second)
            return Piece(f"{left.within(ADD)} {sign} {second}", ADD)
        if op is ast.Mult:
            return self._product(node, left, right)
        if op is ast.MatMult:
            return self._matmul(node, left, right)
        if op is ast.Div:
            return self._quotient(node, left, right)
        if op is ast.Pow:
            return self._power(node, left, right)
        if op in {ast.BitAnd, ast.BitOr}:
            sign = r"\wedge" if op is ast.BitAnd else r"\vee"
            return Piece(f"{left.tex} {sign} {right.tex}", ADD, "truth")
        raise NoFormulaError(f"{ast.unparse(node)} has no formula")

    def _product(self, node: ast.BinOp, left: Piece, right: Piece) -> Piece:
        if self.ndim(node.left) and self.ndim(node.right):
            return Piece(rf"{left.within(ODOT)} \odot {right.within(ODOT)}", ODOT)
        first, second = left.within(MUL), right.within(MUL)
        number = node.left
        if not self.ndim(node.right) and self.ndim(node.left) and "odot" not in first:
            first, second = second, first  # the number first
            number = node.right
        level = MUL
        if left.level == ODOT and not left.turned:
            first, second, level = right.within(MUL), left.within(ODOT), ODOT
        elif right.level == ODOT:
            second, level = right.within(ODOT), ODOT
        if isinstance(number, ast.BinOp) and isinstance(number.op, ast.MatMult):
            first = bracket(first)  # an inner product is one number
        dot = r" \cdot " if second[:1].isdigit() else r" \, " if second[:1] in "([" else " "
        return Piece(f"{first}{dot}{second}", level)

    def _matmul(self, node: ast.BinOp, left: Piece, right: Piece) -> Piece:
        second = right.within(MUL)
        if self.ndim(node.left) != 1:
            return Piece(f"{left.within(MUL)} {second}", MUL)
        if left.kind == "row":
            first = left.tex if left.level >= MUL else bracket(left.tex)
        else:
            first = self._turned(node.left).within(MUL)
        if self.ndim(node.right) == 1:
            return Piece(f"{first} {second}", MUL)
        column = f"{self._turned(node.right).within(MUL)} {left.within(MUL)}"
        return Piece(f"{first} {second}", MUL, "row", column)

    def _quotient(self, node: ast.BinOp, left: Piece, right: Piece) -> Piece:
        below = right.within(ADD)
        if left.kind == "truth" or right.kind == "truth":
            return Piece(rf"\frac{{{left.within(ADD)}}}{{{below}}}", MUL)
        long = len(left.tex) > 60 or r"\frac" in left.tex or r"\begin" in left.tex
        if long and not self.ndim(node.right):
            level = min(left.level, MUL)
            body = left.within(ODOT)
            return Piece(rf"\frac{{1}}{{{below}}} {body}", MUL if level == ADD else level)
        return Piece(rf"\frac{{{left.within(ADD)}}}{{{below}}}", MUL)

    def _power(self, node: ast.BinOp, left: Piece, right: Piece) -> Piece:
        if isinstance(node.right, ast.Constant) and node.right.value in (0.5, 1 / 2):
            return Piece(rf"\sqrt{{{left.within(ADD)}}}")
        base = left.within(ATOM)
        if "^" in base and not base.startswith((r"\left(", "(")):
            base = bracket(base)
        exponent = right.within(ADD)
        sign = r"\odot " if self.ndim(node.left) else ""
        return Piece(f"{base}^{{{sign}{exponent}}}")

    # Indexing and calls

    def _Subscript(self, node: ast.Subscript) -> Piece:
        text = ast.unparse(node)
        if text.startswith("np.linalg.slogdet"):
            assert isinstance(node.value, ast.Call)
            return Piece(
                rf"\log \lvert \det {self.tex(node.value.args[0]).within(ATOM)} \rvert", MUL
            )
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            return Piece(self.size(int(self.value(node))))
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        kept = [p for p in parts if not (isinstance(p, ast.Constant) and p.value in (None, ...))]
        whole = (isinstance(p, ast.Slice) and ast.unparse(p) == ":" for p in kept)
        if all(whole):
            return self.tex(node.value)  # only new axes, which broadcasting needs
        words = []
        for part in parts:
            if isinstance(part, (ast.Slice, ast.Constant)):
                words.append(
                    {"...": r"\ldots", "None": "*"}.get(ast.unparse(part), ast.unparse(part))
                )
            else:
                words.append(self.tex(part).within(ADD))
        base = self.tex(node.value).within(ATOM)
        base = bracket(base) if "^" in base else base
        return Piece(f"{{{base}}}_{{{', '.join(words)}}}")

    def _Call(self, node: ast.Call) -> Piece:
        name = ast.unparse(node.func).removeprefix("np.")
        if isinstance(node.func, ast.Attribute) and node.func.attr == "astype":
            return self.tex(node.func.value)  # the number format is no part of the formula
        special = getattr(self, f"_call_{name.replace('.', '_')}", None)
        if special is not None:
            found: Piece = special(node)
            return found
        if name in REDUCTIONS:
            return self._reduction(REDUCTIONS[name], node)
        arguments = ", ".join(self.tex(a).within(ADD) for a in node.args)
        extra = [
            f"{symbol(str(k.arg))} = {self.tex(k.value).tex}"
            for k in node.keywords
            if k.arg != "axis" and not isinstance(k.value, ast.Constant)
        ]
        axes = [self._axis(node, k.value) for k in node.keywords if k.arg == "axis"]
        sign = FUNCTIONS.get(name, rf"\operatorname{{{name.split('.')[-1].replace('_', ' ')}}}")
        below = "".join(f"_{{{axis}}}" for axis in axes if axis)
        return Piece(f"{sign}{below}{bracket(', '.join([arguments, *extra]))}")

    def _axis(self, node: ast.Call, axis: ast.expr) -> str:
        """Symbol of the axis along which a call works; empty if there is only one."""
        shape = np.shape(self.value(node.args[0]))
        if len(shape) < 2:
            return ""
        where = self.value(axis)
        where = where if isinstance(where, tuple) else (where,)
        return ", ".join(self._place(shape, i) for i in where)

    def _place(self, shape: tuple[int, ...], axis: int) -> str:
        """Symbol of one axis, numbered where several have that length."""
        name = self.size(shape[axis])
        order = shape[: axis % len(shape) + 1].count(shape[axis])
        return name if shape.count(shape[axis]) == 1 else f"{name}_{order}"

    def _reduction(self, sign: str, node: ast.Call) -> Piece:
        given = [k.value for k in node.keywords if k.arg == "axis"] + node.args[1:2]
        axis = self._axis(node, given[0]) if given else ""
        below = f"_{{{axis}}}" if axis else ""
        return Piece(f"{sign}{below}{bracket(self.tex(node.args[0]).within(ADD))}")

    def _call_abs(self, node: ast.Call) -> Piece:
        return Piece(rf"\lvert {self.tex(node.args[0]).within(ADD)} \rvert")

    def _call_sqrt(self, node: ast.Call) -> Piece:
        return Piece(rf"\sqrt{{{self.tex(node.args[0]).within(ADD)}}}")

    def _call_log1p(self, node: ast.Call) -> Piece:
        return Piece(rf"\log{bracket('1 + ' + self.tex(node.args[0]).within(ODOT))}")

    def _call_expm1(self, node: ast.Call) -> Piece:
        return Piece(rf"\exp{bracket(self.tex(node.args[0]).within(ADD))} - 1", ADD)

    def _call_outer(self, node: ast.Call) -> Piece:
        left, right = node.args
        return Piece(f"{self.tex(left).within(MUL)} {self._turned(right).within(MUL)}", MUL)

    def _call_len(self, node: ast.Call) -> Piece:
        return Piece(self.size(len(self.value(node.args[0]))))

    def _call_eye(self, node: ast.Call) -> Piece:
        return Piece("I")

    def _call_ones(self, node: ast.Call) -> Piece:
        return Piece("1" if not self.ndim(node) else r"\mathbf{1}")

    _call_ones_like = _call_ones

    def _call_linalg_inv(self, node: ast.Call) -> Piece:
        return Piece(f"{self.tex(node.args[0]).within(ATOM)}^{{-1}}")

    def _call_linalg_solve(self, node: ast.Call) -> Piece:
        left, right = (self.tex(a) for a in node.args)
        base = left.within(ATOM)
        if base.endswith(r"^\top"):
            base = base.removesuffix(r"^\top") + r"^{-\top}"
        else:
            base += "^{-1}"
        return Piece(f"{base} {right.within(MUL)}", MUL)

    def _call_linalg_norm(self, node: ast.Call) -> Piece:
        given = {k.arg: k.value for k in node.keywords}
        order = given.get("ord", node.args[1] if len(node.args) > 1 else None)
        value = None if order is None else self.value(order)
        matrix = self.ndim(node.args[0]) > 1 and "axis" not in given
        if isinstance(order, ast.Name):
            below = self.name(order.id)
        elif value is None:
            below = "F" if matrix else "2"
        else:
            below = {"nuc": "*", "fro": "F", "inf": r"\infty"}.get(str(value), f"{value}")
        inner = self.tex(node.args[0]).within(ADD)
        axis = self._axis(node, given["axis"]) if "axis" in given else ""
        return Piece(rf"\lVert {inner} \rVert_{{{below}{', ' + axis if axis else ''}}}")

    def _call_where(self, node: ast.Call) -> Piece:
        rows: list[str] = []
        rest: ast.expr = node
        while isinstance(rest, ast.Call) and ast.unparse(rest.func) == "np.where":
            condition, yes, rest = rest.args
            rows.append(rf"{self.tex(yes).within(ADD)} & \text{{if }} {self.tex(condition).tex}")
        rows.append(rf"{self.tex(rest).within(ADD)} & \text{{otherwise}}")
        return Piece(r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", ODOT)

    def _call_einsum(self, node: ast.Call) -> Piece:
        spec = str(self.value(node.args[0]))
        inputs, output = spec.replace(" ", "").split("->")
        names = inputs.split(",")
        summed = "".join(dict.fromkeys(c for c in inputs if c not in output + ","))
        factors = [
            f"{{{self.tex(a).within(ATOM)}}}_{{{' '.join(n)}}}"
            for a, n in zip(node.args[1:], names, strict=True)
        ]
        body = " ".join(factors)
        if summed:
            body = rf"\sum_{{{' '.join(summed)}}} {body}"
        return Piece(rf"\left[{body}\right]_{{{' '.join(output)}}}")
