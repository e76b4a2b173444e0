"""Pages for people: HTML, the scripts and styles that they load, and what the server writes into them."""
