"""The checker tried: true texts in many styles, and faults planted in them."""
