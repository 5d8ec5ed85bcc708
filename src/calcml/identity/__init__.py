"""What a row of the reference table is: a function that carries its gradient, shapes and source.

A row is written once, as a function of arrays with its gradient beside it. The call with checks,
the sampler of random arguments, the comparison with independent oracles and the typeset formula
follow from that.
"""

from calcml.identity._arguments import Array
from calcml.identity._group import Group, Registry
from calcml.identity._identity import Identity
from calcml.identity._source import Citation

__all__ = ["Array", "Citation", "Group", "Identity", "Registry"]
