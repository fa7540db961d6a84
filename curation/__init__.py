"""How the corpus is made: from mosaics and catalogues to a hand-over in LLaVA format."""
