"""Runs inside the emulator's own process and virtual environment: imports the standard library and ministack only.

Each module mends one thing of ministack 1.5.33, without changing its files. They reach into internals that move daily,
which is why the version is pinned exactly and `main` refuses any other.
"""
