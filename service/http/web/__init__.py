"""Pages for people: HTML, and the scripts and styles that they load."""
