"""What the planner would have been worth: weeks of a real balance and real declarations, lived through again.

    values     what was declared, the days, what a replay made of them
    replay     living through: every quarter a plan with what was known then, and only its first quarter is carried out
    losses     replays beside each other: what was avoided, by kind of load, and what was lost to what
    read, store   days from files, days from the databases
"""
