"""The generated pages of the documentation: each is made from the code that it describes."""
