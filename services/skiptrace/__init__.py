"""skiptrace: finds people whose contact data is wrong or missing, and the ways to reach them."""
