"""What becomes of the figures of papers: chosen, rated, held against what is known, told as conversations."""
