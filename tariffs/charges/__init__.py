"""Kinds of charge, one module each: what the document says, what it makes of quantities, and the sentence that explains it."""
