"""What the log says, and the budgets that follow from it."""
