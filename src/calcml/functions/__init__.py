"""The rows of the reference table, as functions one can call and differentiate.

>>> from calcml import functions
>>> functions.get("squared length").gradient([1.0, 2.0]).tolist()
[2.0, 4.0]
"""

from __future__ import annotations

from calcml.functions._registry import ROWS
from calcml.functions.elementwise import (
    absolute_value,
    angle,
    celu,
    clip,
    cos,
    elu,
    exp,
    gelu,
    gelu_tanh,
    hadamard_product,
    hard_sigmoid,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log,
    log_add_exp,
    log_sigmoid,
    logit,
    maximum,
    mish,
    power,
    prelu,
    quotient,
    reciprocal,
    relu,
    relu6,
    selu,
    sharp_softplus,
    sigmoid,
    silu,
    sin,
    soft_threshold,
    softplus,
    softsign,
    sqrt,
    swish,
    tanh,
    x_log_x,
)

# Rows
from calcml.functions.forms import (
    affine_form,
    average,
    bilinear_form,
    least_squares,
    linear_combination,
    linear_form,
    linear_system_objective,
    matrix_in_bilinear_form,
    matrix_product,
    matrix_vector,
    outer_product,
    quadratic_form,
    quadratic_image,
    quadratic_model,
    rayleigh_quotient,
    ridge_regression,
    squared_distance,
    squared_image,
    squared_length,
    symmetric_quadratic_form,
    total,
    weighted_least_squares,
)
from calcml.functions.losses import (
    binary_cross_entropy,
    contrastive_pair,
    dice_loss,
    dpo_loss,
    exponential_loss,
    focal_loss,
    forward_kl,
    gamma_loss,
    gaussian_nll,
    heteroscedastic_loss,
    hinge_loss,
    huber,
    info_nce,
    jensen_shannon,
    kl_divergence,
    label_smoothing,
    linear_regression,
    log_cosh,
    logistic_regression,
    margin_logistic,
    mean_absolute_error,
    mean_squared_error,
    multiclass_hinge,
    perceptron_loss,
    poisson_loss,
    preference_loss,
    probability_cross_entropy,
    quantile_loss,
    reverse_kl,
    sigmoid_squared_error,
    soft_cross_entropy,
    softmax_cross_entropy,
    softmax_cross_entropy_sum,
    softmax_regression,
    squared_hinge_loss,
    temperature_cross_entropy,
    triplet_loss,
)
from calcml.functions.matrices import (
    covariance,
    determinant,
    diagonal_scaling,
    frobenius_inner_product,
    frobenius_loss,
    gram,
    inverse,
    inverse_quadratic,
    largest_eigenvalue,
    linear_solve,
    log_det,
    log_det_gram,
    low_rank_update,
    matrix_cube,
    matrix_factorization,
    nuclear_norm,
    spectral_norm,
    squared_frobenius,
    trace,
    trace_inverse,
    trace_product,
    trace_quadratic,
    trace_sandwich,
    trace_square,
    trace_two_sided,
)
from calcml.functions.norms import (
    cosine_similarity,
    euclidean_distance,
    euclidean_norm,
    frobenius_norm,
    gaussian_kernel,
    mahalanobis,
    maximum_norm,
    one_norm,
    p_norm,
    pairwise_squared_distances,
    row_norms,
    smoothed_absolute,
    squared_mahalanobis,
    unit_vector,
)
from calcml.functions.softmax import (
    boltzmann_maximum,
    expected_cost,
    log_softmax,
    log_sum_exp,
    masked_softmax,
    soft_maximum,
    softmax,
    softmax_entropy,
    softmax_jacobian,
    softmax_temperature,
    sparsemax,
)

# End of rows
from calcml.identity import Identity

__all__ = [
    "absolute_value",
    "affine_form",
    "all_identities",
    "angle",
    "average",
    "bilinear_form",
    "binary_cross_entropy",
    "boltzmann_maximum",
    "celu",
    "clip",
    "contrastive_pair",
    "cos",
    "cosine_similarity",
    "covariance",
    "determinant",
    "diagonal_scaling",
    "dice_loss",
    "dpo_loss",
    "elu",
    "euclidean_distance",
    "euclidean_norm",
    "exp",
    "expected_cost",
    "exponential_loss",
    "focal_loss",
    "forward_kl",
    "frobenius_inner_product",
    "frobenius_loss",
    "frobenius_norm",
    "gamma_loss",
    "gaussian_kernel",
    "gaussian_nll",
    "gelu",
    "gelu_tanh",
    "get",
    "gram",
    "hadamard_product",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "heteroscedastic_loss",
    "hinge_loss",
    "huber",
    "info_nce",
    "inverse",
    "inverse_quadratic",
    "jensen_shannon",
    "kl_divergence",
    "label_smoothing",
    "largest_eigenvalue",
    "leaky_relu",
    "least_squares",
    "linear_combination",
    "linear_form",
    "linear_regression",
    "linear_solve",
    "linear_system_objective",
    "log",
    "log_add_exp",
    "log_cosh",
    "log_det",
    "log_det_gram",
    "log_sigmoid",
    "log_softmax",
    "log_sum_exp",
    "logistic_regression",
    "logit",
    "low_rank_update",
    "mahalanobis",
    "margin_logistic",
    "masked_softmax",
    "matrix_cube",
    "matrix_factorization",
    "matrix_in_bilinear_form",
    "matrix_product",
    "matrix_vector",
    "maximum",
    "maximum_norm",
    "mean_absolute_error",
    "mean_squared_error",
    "mish",
    "multiclass_hinge",
    "nuclear_norm",
    "one_norm",
    "outer_product",
    "p_norm",
    "pairwise_squared_distances",
    "perceptron_loss",
    "poisson_loss",
    "power",
    "preference_loss",
    "prelu",
    "probability_cross_entropy",
    "quadratic_form",
    "quadratic_image",
    "quadratic_model",
    "quantile_loss",
    "quotient",
    "rayleigh_quotient",
    "reciprocal",
    "relu",
    "relu6",
    "reverse_kl",
    "ridge_regression",
    "row_norms",
    "selu",
    "sharp_softplus",
    "sigmoid",
    "sigmoid_squared_error",
    "silu",
    "sin",
    "smoothed_absolute",
    "soft_cross_entropy",
    "soft_maximum",
    "soft_threshold",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_sum",
    "softmax_entropy",
    "softmax_jacobian",
    "softmax_regression",
    "softmax_temperature",
    "softplus",
    "softsign",
    "sparsemax",
    "spectral_norm",
    "sqrt",
    "squared_distance",
    "squared_frobenius",
    "squared_hinge_loss",
    "squared_image",
    "squared_length",
    "squared_mahalanobis",
    "swish",
    "symmetric_quadratic_form",
    "tanh",
    "temperature_cross_entropy",
    "total",
    "trace",
    "trace_inverse",
    "trace_product",
    "trace_quadratic",
    "trace_sandwich",
    "trace_square",
    "trace_two_sided",
    "triplet_loss",
    "unit_vector",
    "weighted_least_squares",
    "x_log_x",
]

ORDER = ("forms", "norms", "matrices", "elementwise", "softmax", "losses")
"""The order of the groups in the table, by file."""


def get(name: str) -> Identity:
    """Row of the reference table with that name.

    Parameters
    ----------
    name : str
        As in the anchor of the table, such as "layer-norm"; spaces and underscores will do.

    Returns
    -------
    Identity

    Raises
    ------
    ValueError
        If there is no such row; the message names the nearest ones.

    Examples
    --------
    >>> get("quadratic form").title
    'Quadratic form'
    """
    return ROWS.find(name)


def all_identities() -> list[Identity]:
    """Return all rows, in the order of the table.

    Returns
    -------
    list of Identity

    Examples
    --------
    >>> all_identities()[0].name
    'linear-form'
    """
    place = {f"calcml.functions.{module}": k for k, module in enumerate(ORDER)}
    return sorted(ROWS.values(), key=lambda row: place[row.function.__module__])
