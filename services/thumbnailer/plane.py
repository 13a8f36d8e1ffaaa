"""The arrays that pixels are in."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""(rows, columns) or (rows, columns, samples)."""
