"""Growth, memory over time, and starting: studies with a table and a plot each, without a limit beside."""
