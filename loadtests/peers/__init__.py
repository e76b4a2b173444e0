"""What most people would use instead, on the same data and in the same run."""
