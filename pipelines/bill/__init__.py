"""Bills: periods, holds, assembly, explanation, release."""
