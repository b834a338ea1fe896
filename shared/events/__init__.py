"""The published language of Arrears: topics, envelopes and payloads, one module per owner."""
