"""The only part of Arrears that touches Kafka: outbox to topic (relay), topic to handler (consumer), and what failed.

Delivery is at least once; effects happen once, through the inbox and the natural keys of the facts.
"""
