"""`python -m pipeline VERB` is the same as `raamwerk VERB`."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
