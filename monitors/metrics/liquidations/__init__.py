"""What forced closes amount to: windows, baselines, coverage and cascades. Pure."""
