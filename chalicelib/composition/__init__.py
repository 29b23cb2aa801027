"""What a composition is: an HTML project, its timeline, and how it becomes a video. Pure: no I/O."""
