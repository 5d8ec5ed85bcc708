"""What PyTorch calls the rows that it has: from the arguments of a row to the same value."""

import torch
import torch.nn.functional as F

TORCH = {
    "linear-form": torch.dot,
    "affine-form": lambda w, x, b: torch.dot(w, x) + b,
    "total": torch.sum,
    "average": torch.mean,
    "matrix-vector": torch.mv,
    "matrix-product": torch.mm,
    "outer-product": torch.outer,
    "bilinear-form": lambda x, B, y: torch.einsum("i,ij,j->", x, B, y),
    "quadratic-form": lambda x, A: torch.einsum("i,ij,j->", x, A, x),
    "squared-distance": lambda x, c: F.mse_loss(x, c, reduction="sum"),
    "least-squares": lambda A, x, b: F.mse_loss(A @ x, b, reduction="sum"),
    "trace": torch.trace,
    "trace-product": lambda A, X: torch.trace(A @ X),
    "inverse": torch.linalg.inv,
    "linear-solve": torch.linalg.solve,
    "determinant": torch.linalg.det,
    "log-det": lambda A: torch.linalg.slogdet(A)[1],
    "squared-frobenius": lambda X: torch.linalg.matrix_norm(X) ** 2,
    "matrix-cube": lambda X: torch.linalg.matrix_power(X, 3),
    "covariance": lambda X: torch.cov(X.T, correction=0),
    "nuclear-norm": lambda X: torch.linalg.matrix_norm(X, "nuc"),
    "spectral-norm": lambda X: torch.linalg.matrix_norm(X, 2),
}
