"""The model: its template, what is trained of it, its shapes, its files."""
