"""What an evaluation shows: page, plots, tables, and the section of the model card."""
