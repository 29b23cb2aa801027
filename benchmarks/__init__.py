"""Side-by-side measurements, printed as ratios. Never asserted in a test: machines are shared and noisy."""
