"""The validation rules: each a datum (code, name, basis) with a pure, vectorised function over a block of channels."""
