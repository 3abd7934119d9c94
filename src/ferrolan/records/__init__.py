"""What was done and what came out: runs kept with the hash of everything, and acts that people signed."""
