"""The one list of rows that the groups fill."""

from calcml.identity import Registry

ROWS = Registry()
