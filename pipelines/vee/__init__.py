"""VEE: validate, estimate, edit."""
