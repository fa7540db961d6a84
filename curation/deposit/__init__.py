"""A hand-over as a release: a folder that explains itself, and that a repository gives a DOI."""
