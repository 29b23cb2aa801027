"""What video is: pure decisions over values, no I/O. Every function here can be tested without a file or a clock."""
