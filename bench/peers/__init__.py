"""What is measured against: small honest servers of our own writing, and queues that others wrote, each set to lose nothing."""
