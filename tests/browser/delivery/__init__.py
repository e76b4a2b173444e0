"""The pages of enterprises, transfers and processing batches."""
