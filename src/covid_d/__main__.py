"""``python -m covid_d`` is ``covid-d``."""

from covid_d.cli.main import main

if __name__ == "__main__":
    main()
