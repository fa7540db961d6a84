"""The datasets: one module each. The folder is the registry; see `catalogs/dataset.py`."""
