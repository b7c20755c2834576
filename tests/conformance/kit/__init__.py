"""The replayer: scenarios, what they send, and how answers are compared."""
