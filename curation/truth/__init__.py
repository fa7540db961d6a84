"""What is known of the sky: sources, objects, splits."""
