"""Reading studies: set up by researchers, read film by film, given as a table at their end."""
