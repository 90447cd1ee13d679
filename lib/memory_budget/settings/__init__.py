"""What a person configured: profiles, agents, and the checks of both."""
