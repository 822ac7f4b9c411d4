"""From rows of cells to records: the agreement's columns, values, what is refused, and the staged form."""
