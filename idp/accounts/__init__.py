"""The person: who they are, how they are called, where they can be reached."""
