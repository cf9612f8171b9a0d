"""Recipe: inputs, model, options and versions behind a result, from which it is made again."""
