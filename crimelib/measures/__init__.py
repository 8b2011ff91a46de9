"""What is counted, where, over which window."""
