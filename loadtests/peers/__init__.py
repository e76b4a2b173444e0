"""What most people would use in place of Hushi, measured on the same data and in the same run."""
