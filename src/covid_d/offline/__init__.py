"""The page that answers on the reader's own device: no film leaves it, and it works offline.

``web/`` holds the page: plain ES modules, named like the Python rooms whose work they do. What they
know of thresholds and sentences is written here, from the Python that they must agree with.
"""
