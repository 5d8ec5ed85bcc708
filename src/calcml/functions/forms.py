"""Linear and quadratic forms."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Linear and quadratic forms", ROWS)
COOKBOOK = "Petersen and Pedersen 2012, "
GILES = "Giles 2008, "
PARR = "Parr and Howard 2018, "
BOYD = "Boyd and Vandenberghe 2004, "
STANDARD = "learn/gradient.md#the-standard-forms"


@row("Linear form", a="(n,)", x="(n,)", source=COOKBOOK + "eq. 69", chapter=STANDARD)
def linear_form(a: Array, x: Array) -> Array:
    """Inner product of two vectors; each is the gradient with respect to the other."""
    return a @ x


@linear_form.rule
def _(a: Array, x: Array) -> Array:
    return x, a


@row("Affine form", w="(d,)", x="(d,)", b="()", source=PARR + "sec. 5")
def affine_form(w: Array, x: Array, b: Array) -> Array:
    """A linear form with an offset: one neuron without its activation."""
    return w @ x + b


@affine_form.rule
def _(w: Array, x: Array) -> Array:
    return x, w, np.ones(())


@row(
    "Sum of entries",
    x="(n,)",
    source=PARR + "sec. 4.4",
    keywords="sum gradient",
)
def total(x: Array) -> Array:
    """Sum of all entries, which sends the same gradient to each."""
    return np.sum(x)


@total.rule
def _(x: Array) -> Array:
    return np.ones_like(x)


@row("Mean of entries", x="(n,)", source=PARR + "sec. 4.4", keywords="mean gradient")
def average(x: Array) -> Array:
    """Mean of all entries; the factor 1/n is the one that mean losses carry."""
    return np.mean(x)


@average.rule
def _(x: Array) -> Array:
    return np.ones_like(x) / len(x)


@row(
    "Matrix-vector product",
    A="(m, n)",
    x="(n,)",
    source=GILES + "sec. 2.2.2",
    chapter="learn/jacobians-and-backpropagation.md#a-linear-layer-the-jacobian-is-w",
)
def matrix_vector(A: Array, x: Array) -> Array:
    """A linear map; its Jacobian in x is A, so the pullback is the transpose."""
    return A @ x


@matrix_vector.rule
def _(g: Array, A: Array, x: Array) -> Array:
    return np.outer(g, x), A.T @ g


@row(
    "Matrix product",
    A="(m, n)",
    B="(n, p)",
    source=GILES + "sec. 2.2.2",
    chapter="appendices/worked-derivations.md#one-habit-for-all-of-them",
)
def matrix_product(A: Array, B: Array) -> Array:
    """Product of two matrices: the shapes alone determine both gradients."""
    return A @ B


@matrix_product.rule
def _(g: Array, A: Array, B: Array) -> Array:
    return g @ B.T, A.T @ g


@row("Outer product", a="(m,)", b="(n,)", source=GILES + "sec. 2.2.2")
def outer_product(a: Array, b: Array) -> Array:
    """All products of an entry of a with an entry of b."""
    return np.outer(a, b)


@outer_product.rule
def _(g: Array, a: Array, b: Array) -> Array:
    return g @ b, g.T @ a


@row(
    "Bilinear form",
    x="(m,)",
    B="(m, n)",
    y="(n,)",
    source=COOKBOOK + "eq. 69 and 70",
    chapter=STANDARD,
)
def bilinear_form(x: Array, B: Array, y: Array) -> Array:
    """Linear in each of its three arguments."""
    return x @ B @ y


@bilinear_form.rule
def _(x: Array, B: Array, y: Array) -> Array:
    return B @ y, np.outer(x, y), B.T @ x


@row(
    "Quadratic form",
    x="(n,)",
    A="(n, n)",
    source=COOKBOOK + "eq. 72 and 81",
    chapter=STANDARD,
)
def quadratic_form(x: Array, A: Array) -> Array:
    """A quadratic form; A need not be symmetric."""
    return x @ A @ x


@quadratic_form.rule
def _(x: Array, A: Array) -> Array:
    return (A + A.T) @ x, np.outer(x, x)


@row(
    "Quadratic form with a symmetric matrix",
    x="(n,)",
    A="(n, n) symmetric fixed",
    source=COOKBOOK + "eq. 81",
    chapter=STANDARD,
    kinks=r"The gradient $2 A \mathbf{x}$ needs $A = A^\top$.",
)
def symmetric_quadratic_form(x: Array, A: Array) -> Array:
    """A quadratic form in the symmetric case, where both halves of the gradient agree."""
    return x @ A @ x


@symmetric_quadratic_form.rule
def _(x: Array, A: Array) -> Array:
    return 2 * A @ x


@row(
    "Quadratic model",
    x="(n,)",
    A="(n, n) symmetric fixed",
    b="(n,)",
    c="()",
    source=BOYD + "sec. A.4.1",
    chapter="learn/hessian.md#newtons-step",
    keywords="second-order Taylor",
)
def quadratic_model(x: Array, A: Array, b: Array, c: Array) -> Array:
    """The quadratic that Newton's method minimizes; its gradient is zero where A x = -b."""
    return x @ A @ x / 2 + b @ x + c


@quadratic_model.rule
def _(x: Array, A: Array, b: Array) -> Array:
    return A @ x + b, x, np.ones(())


@row(
    "Conjugate gradient objective",
    x="(n,)",
    A="(n, n) symmetric fixed",
    b="(n,) fixed",
    source="Shewchuk 1994, eq. 3 and 7",
)
def linear_system_objective(x: Array, A: Array, b: Array) -> Array:
    """Its gradient is the residual of the linear system A x = b."""
    return x @ A @ x / 2 - b @ x


@linear_system_objective.rule
def _(x: Array, A: Array, b: Array) -> Array:
    return A @ x - b


@row(
    "Squared length",
    x="(n,)",
    source=COOKBOOK + "eq. 131",
    chapter=STANDARD,
    keywords="squared norm",
)
def squared_length(x: Array) -> Array:
    """Inner product of a vector with itself."""
    return x @ x


@squared_length.rule
def _(x: Array) -> Array:
    return 2 * x


@row("Squared distance", x="(n,)", c="(n,)", source=COOKBOOK + "eq. 85 and 86")
def squared_distance(x: Array, c: Array) -> Array:
    """Squared Euclidean distance from c, zero gradient at x = c."""
    return (x - c) @ (x - c)


@squared_distance.rule
def _(x: Array, c: Array) -> Array:
    return 2 * (x - c), 2 * (c - x)


@row(
    "Least squares",
    A="(m, n)",
    x="(n,)",
    b="(m,)",
    source=COOKBOOK + "eq. 84, 87 and 88",
    chapter=STANDARD,
    keywords="linear regression residual sum of squares",
)
def least_squares(A: Array, x: Array, b: Array) -> Array:
    """Squared length of the residual; the gradient in x is zero at the normal equations."""
    return (A @ x - b) @ (A @ x - b)


@least_squares.rule
def _(A: Array, x: Array, b: Array) -> Array:
    r = A @ x - b
    return 2 * np.outer(r, x), 2 * A.T @ r, -2 * r


@row(
    "Ridge regression",
    A="(m, n) fixed",
    x="(n,)",
    b="(m,) fixed",
    lam="() positive",
    source=BOYD + "sec. 6.3.2; Hoerl and Kennard 1970",
    keywords="Tikhonov L2 regularized least squares",
)
def ridge_regression(A: Array, x: Array, b: Array, lam: Array) -> Array:
    """Least squares with a penalty on the squared length of x."""
    return (A @ x - b) @ (A @ x - b) + lam * (x @ x)


@ridge_regression.rule
def _(A: Array, x: Array, b: Array, lam: Array) -> Array:
    return 2 * A.T @ (A @ x - b) + 2 * lam * x, x @ x


@row(
    "Weighted least squares",
    A="(m, n) fixed",
    x="(n,)",
    b="(m,) fixed",
    W="(m, m) symmetric fixed",
    source=COOKBOOK + "eq. 84",
    keywords="generalized least squares",
)
def weighted_least_squares(A: Array, x: Array, b: Array, W: Array) -> Array:
    """Least squares in the metric of a symmetric weight matrix."""
    return (A @ x - b) @ W @ (A @ x - b)


@weighted_least_squares.rule
def _(A: Array, x: Array, b: Array, W: Array) -> Array:
    return 2 * A.T @ W @ (A @ x - b)


@row(
    "Rayleigh quotient",
    x="(n,)",
    A="(n, n) symmetric fixed",
    source="Golub and Van Loan 2013, eq. 10.1.1",
    kinks=r"Undefined at $\mathbf{x} = \mathbf{0}$; the gradient is zero at eigenvectors.",
    keywords="eigenvalue eigenvector",
)
def rayleigh_quotient(x: Array, A: Array) -> Array:
    """Curvature along x; its stationary points are the eigenvectors, its values there the eigenvalues."""
    return x @ A @ x / (x @ x)


@rayleigh_quotient.rule
def _(x: Array, A: Array, f: Array) -> Array:
    return 2 * (A @ x - f * x) / (x @ x)


@row(
    "Quadratic form in the matrix",
    X="(m, n)",
    a="(m,)",
    b="(n,)",
    source=COOKBOOK + "eq. 69 and 70",
    chapter=STANDARD,
)
def matrix_in_bilinear_form(X: Array, a: Array, b: Array) -> Array:
    """The bilinear form as a function of its matrix: its gradient is a matrix of rank one."""
    return a @ X @ b


@matrix_in_bilinear_form.rule
def _(X: Array, a: Array, b: Array) -> Array:
    return np.outer(a, b), X @ b, X.T @ a


@row(
    "Squared length of a linear map",
    X="(m, n)",
    a="(n,) fixed",
    source=COOKBOOK + "eq. 77",
)
def squared_image(X: Array, a: Array) -> Array:
    """Squared length of X a, as a function of the matrix."""
    return (X @ a) @ (X @ a)


@squared_image.rule
def _(X: Array, a: Array) -> Array:
    return 2 * np.outer(X @ a, a)


@row(
    "Quadratic form of a linear map",
    X="(m, n)",
    C="(m, m) symmetric fixed",
    a="(n,) fixed",
    source=COOKBOOK + "eq. 82",
)
def quadratic_image(X: Array, C: Array, a: Array) -> Array:
    """Quadratic form of X a, as a function of the matrix."""
    return (X @ a) @ C @ (X @ a)


@quadratic_image.rule
def _(X: Array, C: Array, a: Array) -> Array:
    return 2 * C @ np.outer(X @ a, a)


@row(
    "Linear combination",
    a="() fixed",
    u="(n,)",
    b="() fixed",
    v="(n,)",
    source=COOKBOOK + "eq. 34 and 35",
    keywords="linearity of the gradient sum rule",
)
def linear_combination(a: Array, u: Array, b: Array, v: Array) -> Array:
    """A weighted sum of two vectors: gradients are weighted alike."""
    return a * u + b * v


@linear_combination.rule
def _(g: Array, a: Array, b: Array) -> Array:
    return a * g, b * g
