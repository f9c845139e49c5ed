package ranker

// Default returns the weights that a shop starts with.
func Default() Weights { return NewBlank().Weights }
