"""What a page says and shows."""
