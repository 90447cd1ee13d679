"""The jobs that look after memory: they propose, and only what a person or a rule allows is changed."""
