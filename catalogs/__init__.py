"""What others measured: surveys, catalogues, annotations and datasets, as they come from outside."""
