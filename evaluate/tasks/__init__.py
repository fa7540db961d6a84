"""What is asked and what is right: benchmarks, their truth, their wordings, how a reply is read."""
