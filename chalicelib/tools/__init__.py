"""Subprocesses and native libraries: ffmpeg and MediaInfo."""
