"""Reading studies: a fixed set of films, several readers, one round or two."""
