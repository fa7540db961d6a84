"""What people decided about samples and labels, and what that makes of the next build."""
