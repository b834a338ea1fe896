"""What a process tells about itself: JSON logs without personal data, traces, and Prometheus metrics."""
