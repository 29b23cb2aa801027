"""The embedded AWS: its virtual environment, its process, and (`inside`) the fixes that run within it."""
