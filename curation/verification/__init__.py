"""Claims against annotations: supported, contradicted, unknown. Nothing here knows English."""
