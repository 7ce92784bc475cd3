"""What runs on a schedule: observe, step, commit."""
