"""Mosaics and catalogues from their archives: politely, whole or not at all, and with a record of where from."""
