"""The PyTorch engine of MaskDM Studio: reads an experiment file, trains, and writes a run folder
(docs/run-format.md)."""

__version__ = "0.1.0"
