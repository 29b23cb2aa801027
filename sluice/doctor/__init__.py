"""`sluice doctor`: what is wrong, and what to do about it. One small function a check; each gives one finding."""
