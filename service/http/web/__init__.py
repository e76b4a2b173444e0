"""The pages: what the server writes into them for their scripts."""
