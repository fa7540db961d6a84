"""What is said of it: descriptions, questions, conversations, and whether they hold."""
