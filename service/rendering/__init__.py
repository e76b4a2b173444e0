"""Documents for people: on the terminal, as files, and as the monthly bulletin."""
