"""What is sent and told of each kind of row."""
