"""How well the model does, on sky that curation sealed off. Ours, not Hugging Face's `evaluate`."""
