"""pika behind a small asyncio wrapper: links, channels, subscriptions, confirmed publishing, topology."""
