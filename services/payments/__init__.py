"""Money in, and what people promise to pay: posting, reversal, promises and payment arrangements."""
