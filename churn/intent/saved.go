package intent

import (
	"math"

	"orrery/models/slab"
)

// RecordWords is the size of a record in a snapshot.
const RecordWords = 5 + 3*RecordBins

// PutFloats appends floats to n.
func PutFloats(n slab.Numbers, list ...float64) slab.Numbers {
	for _, x := range list {
		n = append(n, math.Float64bits(x))
	}
	return n
}

// TakeFloats fills a list from the head of n and returns the rest.
func TakeFloats(n slab.Numbers, list []float64) slab.Numbers {
	for i := range list {
		list[i] = math.Float64frombits(n[i])
	}
	return n[len(list):]
}

// PutRecord appends a record to n.
func PutRecord(n slab.Numbers, r *Record) slab.Numbers {
	n = PutFloats(n, r.N, r.Positives, r.Weight, r.Loss, r.BaseLoss)
	for _, b := range r.Bins {
		n = PutFloats(n, b.N, b.Forecast, b.Outcome)
	}
	return n
}

// TakeRecord fills a record from the head of n and returns the rest.
func TakeRecord(n slab.Numbers, r *Record) slab.Numbers {
	var list [RecordWords]float64
	n = TakeFloats(n, list[:])
	*r = Record{N: list[0], Positives: list[1], Weight: list[2], Loss: list[3], BaseLoss: list[4]}
	for i := range r.Bins {
		b := list[5+3*i:]
		r.Bins[i] = RecordBin{N: b[0], Forecast: b[1], Outcome: b[2]}
	}
	return n
}
