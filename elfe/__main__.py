"""`python -m elfe`."""

from elfe.cli import main

if __name__ == "__main__":
    main()
