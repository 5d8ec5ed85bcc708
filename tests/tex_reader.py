"""Reads the TeX of a formula back and evaluates it: a test of the translator, written apart from it.

Vectors are columns, juxtaposition is the matrix product (or a multiple, next to a number), and a
reduction keeps its axis, so that broadcasting needs no bookkeeping. A vector that does not fit a
matrix as a column is tried as a row, which is how NumPy adds it.
"""

import re

import numpy as np

COMPARE = {
    ">": np.greater, "<": np.less, r"\ge": np.greater_equal, r"\le": np.less_equal,
    "=": np.equal, r"\ne": np.not_equal,
}  # fmt: skip
PLAIN = {
    r"\exp": np.exp, r"\log": np.log, r"\tanh": np.tanh, r"\sin": np.sin, r"\cos": np.cos,
    r"\cosh": np.cosh, r"\sinh": np.sinh, r"\det": np.linalg.det,
}  # fmt: skip
REDUCE = {
    "sum": np.sum,
    "mean": np.mean,
    "var": np.var,
    "prod": np.prod,
    r"\max": np.max,
    r"\min": np.min,
}
TOKEN = re.compile(
    r"\s+|\\left|\\right|\\begin\{cases\}|\\end\{cases\}|\\operatorname\{[^}]*\}|\\text\{[^}]*\}|\\mathbf\{1\}"
    r"|\\\\|\\,|\\[A-Za-z]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?|."
)


class Eye:
    """A multiple of the identity matrix of whatever size is needed."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def like(self, a):
        return self.factor * np.eye(np.shape(a)[-1])


def column(value):
    a = np.asarray(value)
    return a.reshape(-1, 1) if a.ndim == 1 else a


def fit(op, a, b):
    if isinstance(a, Eye):
        a = a.like(b)
    if isinstance(b, Eye):
        b = b.like(a)
    try:
        return op(a, b)
    except ValueError:
        return op(a.T, b) if np.ndim(a) == 2 and 1 in a.shape else op(a, b.T)


def number(a):
    return not isinstance(a, Eye) and np.size(a) == 1


def times(a, b):
    if isinstance(a, Eye) or isinstance(b, Eye):
        eye, other = (a, b) if isinstance(a, Eye) else (b, a)
        return Eye(eye.factor * float(np.squeeze(other))) if number(other) else eye.factor * other
    return np.squeeze(a) * b if number(a) else a * np.squeeze(b) if number(b) else a @ b


class Reader:
    def __init__(self, tex, names, sizes, functions):
        self.names = sorted(names.items(), key=lambda item: -len(item[0]))
        self.sizes, self.functions = sizes, functions
        self.tokens = self.tokenize(tex)
        self.at = 0

    def tokenize(self, tex):
        found, i = [], 0
        while i < len(tex):
            for name, value in self.names:
                after = tex[i + len(name) : i + len(name) + 1]
                letters = re.search(r"\\[A-Za-z]+$", name)
                if tex.startswith(name, i) and not (letters and after.isalpha()):
                    found.append(("name", name, value))
                    i += len(name)
                    break
            else:
                token = TOKEN.match(tex, i)[0]
                i += len(token)
                if token.strip() and token not in {r"\,", r"\left", r"\right"}:
                    found.append(("sign", token, None))
        return found

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def take(self, *expected):
        token = self.peek()
        if expected and token not in expected:
            raise SyntaxError(f"{expected} expected, {token!r} came, at {self.at} of {self.tokens}")
        self.at += 1
        return token

    def read(self):
        value = self.condition()
        if self.at != len(self.tokens):
            raise SyntaxError(f"not read to the end: {self.tokens[self.at :]}")
        return value

    def condition(self):
        value = self.comparison()
        while self.peek() in {r"\wedge", r"\vee"}:
            op = np.logical_and if self.take() == r"\wedge" else np.logical_or
            value = fit(op, value, self.comparison())
        return value

    def comparison(self):
        left = self.sum()
        truth = None
        while self.peek() in COMPARE:
            op = COMPARE[self.take()]
            right = self.sum()
            this = fit(op, left, right)
            truth = this if truth is None else truth & this
            left = right
        return left if truth is None else truth

    def sum(self):
        value = self.odot()
        while self.peek() in {"+", "-"}:
            op = np.add if self.take() == "+" else np.subtract
            value = fit(op, value, self.odot())
        return value

    def odot(self):
        if self.peek() == "-":
            self.take()
            value = self.odot()
            return Eye(-value.factor) if isinstance(value, Eye) else -value
        value = self.product()
        while self.peek() == r"\odot":
            self.take()
            value = fit(np.multiply, value, self.product())
        return value

    def product(self):
        value = self.power()
        while True:
            if self.peek() == r"\cdot":
                self.take()
            elif not self.starts():
                return value
            value = times(value, self.power())

    def starts(self):
        token = self.peek()
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "name":
            return True
        if token in {r"\lVert", r"\lvert"}:
            return True
        closing = {"", ")", "]", "}", "+", "-", "&", ",", "^", "_", r"\\", r"\odot", r"\wedge", r"\vee",
                   r"\rvert", r"\rVert", r"\end{cases}", r"\text{otherwise}", r"\text{if }", *COMPARE}  # fmt: skip
        return token not in closing

    def power(self):
        value = self.atom()
        while self.peek() == "^":
            self.take()
            if self.peek() == r"\top":
                self.take()
                value = np.swapaxes(value, -1, -2) if np.ndim(value) > 1 else value
                continue
            if self.peek() != "{":
                value = value ** float(self.take())
                continue
            self.take("{")
            if (
                self.peek() == "-"
                and self.peek(1) in {"1", r"\top"}
                and np.ndim(value) > 1
                and not number(value)
            ):
                self.take()
                inverse = np.linalg.inv(value)
                value = inverse.T if self.take() == r"\top" else inverse
            else:
                entries = self.peek() == r"\odot"
                if entries:
                    self.take()
                value = fit(np.power, value, self.condition())
            self.take("}")
        return value

    def group(self, close):
        values = [self.condition()]
        while self.peek() == ",":
            self.take()
            values.append(self.condition())
        self.take(close)
        return values

    def below(self):
        """The text of an optional subscript."""
        if self.peek() != "_":
            return None
        self.take()
        if self.peek() != "{":
            return self.take()
        self.take("{")
        words = []
        while self.peek() != "}":
            words.append(self.take())
        self.take("}")
        return "".join(words)

    def axes(self, value, text):
        if not text:
            return None
        return tuple(self.axis(np.shape(value), *word.split("_")) for word in text.split(","))

    def axis(self, shape, symbol, order="1"):
        """The axis of that length; n_2 is the second one of length n."""
        size = self.sizes[symbol] if symbol in self.sizes else int(symbol)
        return [i for i, n in enumerate(shape) if n == size][int(order) - 1]

    def atom(self):
        kind, token, value = self.tokens[self.at]
        if kind == "name":
            self.take()
            return column(value)
        if re.fullmatch(r"\d.*", token):
            return float(self.take())
        if token == r"\lnot":
            self.take()
            return np.logical_not(self.power())
        if token == "(":
            self.take()
            return self.group(")")[0]
        if token == "[":
            return self.einsum() if self.peek(1) in {"{", r"\sum"} else self.bracketed()
        if token == "{":
            return self.indexed()
        if token == "I":
            self.take()
            return Eye()
        if token == r"\mathbf{1}":
            self.take()
            return 1.0
        if token in {r"\pi", r"\infty"}:
            return {r"\pi": np.pi, r"\infty": np.inf}[self.take()]
        if token == r"\frac":
            self.take()
            self.take("{")
            above = self.group("}")[0]
            self.take("{")
            below = self.group("}")[0]
            return fit(np.divide, above, below)
        if token == r"\sqrt":
            self.take()
            self.take("{")
            return np.sqrt(self.group("}")[0])
        if token == r"\lvert":
            self.take()
            return np.abs(self.group(r"\rvert")[0])
        if token == r"\lVert":
            return self.norm()
        if token == r"\begin{cases}":
            return self.cases()
        return self.call()

    def bracketed(self):
        self.take("[")
        return np.asarray(self.group("]")[0]).astype(float)

    def norm(self):
        self.take()
        value = self.group(r"\rVert")[0]
        order, _, axis = self.below().partition(",")
        power = {"2": 2, "1": 1, "F": None, r"\infty": np.inf, "*": "nuc"}.get(order)
        if power is None and order != "F":
            power = dict(self.names)[order]
        if axis:
            return np.linalg.norm(value, power, axis=self.axes(value, axis)[0], keepdims=True)
        return np.linalg.norm(value[:, 0] if np.shape(value)[-1] == 1 else value, power)

    def cases(self):
        self.take()
        rows = []
        while True:
            value = self.condition()
            self.take("&")
            if self.take() == r"\text{otherwise}":
                break
            rows.append((self.condition(), value))
            self.take(r"\\")
        self.take(r"\end{cases}")
        for truth, yes in reversed(rows):
            shape = np.broadcast_shapes(np.shape(truth), np.shape(yes), np.shape(value))
            value = np.where(truth, yes, value) + np.zeros(shape)
        return value

    def einsum(self):
        self.take("[")
        if self.peek() == r"\sum":
            self.take()
            self.below()
        factors, specs = [], []
        while self.peek() != "]":
            self.take("{")
            factors.append(self.group("}")[0])
            specs.append(self.below())
        self.take("]")
        factors = [a[:, 0] if len(s) == 1 else a for a, s in zip(factors, specs, strict=True)]
        return column(np.einsum(f"{','.join(specs)}->{self.below()}", *factors))

    def indexed(self):
        self.take("{")
        value = self.group("}")[0]
        self.take("_")
        self.take("{")
        index = []
        while True:
            here = []
            depth = 0
            while depth or self.peek() not in {",", "}"}:
                depth += {"{": 1, "}": -1}.get(self.peek(), 0)
                here.append(self.tokens[self.at])
                self.take()
            index.append(self.one_index(here))
            if self.take() == "}":
                break
        if np.ndim(value) == 2 and value.shape[1] == 1 and len(index) == 1:
            value = value[:, 0]
        return column(value[tuple(index)])

    def one_index(self, tokens):
        text = "".join(token[1] for token in tokens)
        if text == r"\ldots":
            return ...
        if text == "*":
            return None
        if ":" in text:
            return slice(*(int(self.scope(p)) if p else None for p in self.split(tokens)))
        reader = Reader("", {}, self.sizes, self.functions)
        reader.tokens, reader.names = tokens, self.names
        found = np.asarray(reader.read())
        return np.squeeze(found).astype(int) if found.dtype.kind == "f" else np.squeeze(found)

    def split(self, tokens):
        parts = [[]]
        for token in tokens:
            if token[1] == ":":
                parts.append([])
            else:
                parts[-1].append(token)
        return parts

    def scope(self, tokens):
        reader = Reader("", {}, self.sizes, self.functions)
        reader.tokens, reader.names = tokens, self.names
        return np.squeeze(reader.read())

    def call(self):
        token = self.take()
        name = token.removeprefix(r"\operatorname{").removesuffix("}")
        below = self.below()
        if token in PLAIN and self.peek() != "(":
            return PLAIN[token](self.power())
        if self.peek() != "(":
            raise SyntaxError(f"{token!r} cannot be read")
        self.take("(")
        values = self.group(")")
        if name in REDUCE and len(values) == 1:
            axes = self.axes(values[0], below)
            found = REDUCE[name](values[0], axis=axes, keepdims=axes is not None)
            return found
        if token in PLAIN:
            return PLAIN[token](values[0])
        if token in {r"\max", r"\min"}:
            return fit(np.maximum if token == r"\max" else np.minimum, *values)
        if name == "tr":
            return np.trace(values[0])
        if name == "diag":
            flat = 1 in values[0].shape
            return np.diag(values[0].ravel()) if flat else column(np.diag(values[0]))
        if name == "svd":
            return np.linalg.svd(values[0], full_matrices=False)
        alias = {r"\sigma": "sigmoid", r"\Phi": "normal_cdf", r"\varphi": "normal_pdf"}
        function = self.functions(alias.get(token, name.replace(" ", "_")))
        flat = [
            v[:, 0] if np.ndim(v) == 2 and v.shape[1] == 1 and len(v) > 1 else v for v in values
        ]
        options = {} if below is None else {"axis": self.axes(flat[0], below)[0]}
        found = function(*flat, **options)
        return (
            found
            if isinstance(found, tuple) or type(found).__name__.endswith("Result")
            else column(found)
        )


def evaluate(tex, names, sizes, functions):
    """Value of a formula; `names` maps TeX to values, `functions` finds a function by its name."""
    return Reader(tex, names, sizes, functions).read()


def evaluate_lines(where, results, names, sizes, functions):
    """Values of the right sides of `results`, after the assignments in `where`."""
    names = dict(names)
    for line in where:
        value = evaluate(line.right, names, sizes, functions)
        if line.left.startswith("("):
            names |= dict(zip(line.left[1:-1].split(", "), value, strict=True))
        else:
            names[line.left] = value
    return [evaluate(line.right, names, sizes, functions) for line in results]
