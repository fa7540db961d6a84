"""What a file is, for a person who wonders what it holds and whether a build will take it."""
