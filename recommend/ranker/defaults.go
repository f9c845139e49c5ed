package ranker

// Default returns the weights that a shop starts with: fitted on the training parts of several public data sets
// together, with and without item vectors. See bench/sessions/defaults, the command that writes them.
func Default() Weights {
	var w Weights
	at := 0
	w.each(func(v *float32) {
		*v = fitted[at]
		at++
	})
	return w
}
