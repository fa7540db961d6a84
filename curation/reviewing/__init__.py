"""People look at samples and decide: the queue, what is shown of each, the page, files of decisions."""
