// Package models is Orrery's vocabulary: events and their codec, money, time, and below it the building blocks that
// every model uses (slab: shared flat memory, intern: names to numbers, decay: weights that fade).
// It knows no clock, no randomness and no I/O beyond io.Reader and io.Writer.
package models
