"""The HTTP edge that every service has: the app, its transactions, its errors, its access tokens, its streams."""
