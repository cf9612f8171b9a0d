"""Recipe: inputs, model, options and versions behind a result, for making the result again."""
