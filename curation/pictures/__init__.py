"""What it looks like: mosaics, cutouts, 8-bit pictures, boxes."""
