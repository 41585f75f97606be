"""Whether two films are one: cropped, re-windowed, mirrored, turned, inverted or written upon.

Needs SciPy, which comes with the extras ``data`` and ``clinic``.
"""
