"""What the explorers show, one file an explorer."""
