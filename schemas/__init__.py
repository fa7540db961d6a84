"""What things are: tables, labels, conversations, errors. Knows no file of ours and no machine."""
