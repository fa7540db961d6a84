"""The run: steps, stops, going on, on one device or many."""
