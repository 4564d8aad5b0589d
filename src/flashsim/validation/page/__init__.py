"""The page of a validation: figures, interactive panels, and the words around them."""
