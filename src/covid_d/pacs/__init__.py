"""The hospital network: films come in from the PACS, answers go back as standard objects.

A node receives films (C-STORE), keeps them in a durable queue, has each examined and judged once,
and sends what came of it: a structured report and a picture in the film's own study.
"""
