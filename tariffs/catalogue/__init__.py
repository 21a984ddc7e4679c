"""Real published tariffs as documents, shipped with the program: each says where its prices were published."""
