"""Leave one source out: what a recipe is worth where it never learned."""
