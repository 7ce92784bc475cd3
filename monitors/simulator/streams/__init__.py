"""What the simulated venues say over WebSockets, a module each."""
