"""A hand-over looked through: filters, the sky, where a sample is from, and what is different from another one."""
