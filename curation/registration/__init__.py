"""Pictures that came without their place on the sky, found again in the mosaics of a survey."""
