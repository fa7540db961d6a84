"""The assistant: a served model asked about a picture, its answers held against what is known of that sky."""
