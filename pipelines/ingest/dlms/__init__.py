"""DLMS/COSEM: pushes and answers of meters, as captured: frames, wrapped or bare units, in bytes or written as hex text."""
