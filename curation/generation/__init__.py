"""What served models write about pictures, and what is kept of it."""
