"""What a task is: definition, contracts, prompt, cases; checking and hashing it."""
