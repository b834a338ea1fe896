"""The shared kernel: what every service uses and none owns."""
