"""The page: tables, figures, the worst pictures, from stored scores."""
