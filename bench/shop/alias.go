package shop

// alias draws from a fixed distribution in constant time (Vose's form of Walker's alias method).
type alias struct {
	keep  []uint32 // chance of slot i to be itself, of 2^32
	other []uint32
}

func newAlias(weights []float64) alias {
	n := len(weights)
	a := alias{keep: make([]uint32, n), other: make([]uint32, n)}
	total := 0.0
	for _, w := range weights {
		total += w
	}
	scaled := make([]float64, n)
	var small, large []uint32
	for i, w := range weights {
		scaled[i] = w / total * float64(n)
		if scaled[i] < 1 {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = uint32(scaled[s]*(1<<32-1)), l
		if scaled[l] -= 1 - scaled[s]; scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // 1 but for rounding
		a.keep[i], a.other[i] = 1<<32-1, i
	}
	return a
}

// at returns the index that 64 random bits stand for.
func (a *alias) at(bits uint64) int {
	i := (bits >> 32) * uint64(len(a.keep)) >> 32
	if uint32(bits) <= a.keep[i] {
		return int(i)
	}
	return int(a.other[i])
}

// mix hashes two numbers (the finalizer of SplitMix64), for what has to be drawn the same way each time it is asked.
func mix(a, b uint64) uint64 {
	z := a + b*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// unit turns 64 bits into a number from 0 to 1.
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }
