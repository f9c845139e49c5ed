package serve

import "bytes"

// args walks a query string. Values without escapes are sub-slices of the request, others are decoded into the args'
// own scratch; both are valid until the request has been answered.
type args struct {
	rest    []byte
	scratch []byte
}

func (a *args) reset(query []byte) {
	a.rest = query
	a.scratch = a.scratch[:0]
}

// next returns the next parameter. ok is false where its value is not validly escaped; more is false after the last.
func (a *args) next() (name, value []byte, ok, more bool) {
	for len(a.rest) > 0 {
		var pair []byte
		if i := bytes.IndexByte(a.rest, '&'); i >= 0 {
			pair, a.rest = a.rest[:i], a.rest[i+1:]
		} else {
			pair, a.rest = a.rest, nil
		}
		if len(pair) == 0 {
			continue
		}
		name, value = pair, nil
		if i := bytes.IndexByte(pair, '='); i >= 0 {
			name, value = pair[:i], pair[i+1:]
		}
		value, ok = a.decode(value, true)
		return name, value, ok, true
	}
	return nil, nil, true, false
}

// decode resolves percent escapes, and "+" as a space where plus is set. It refuses broken escapes and NUL bytes.
func (a *args) decode(s []byte, plus bool) ([]byte, bool) {
	i := 0
	for i < len(s) && s[i] != '%' && s[i] != 0 && (s[i] != '+' || !plus) {
		i++
	}
	if i == len(s) {
		return s, true
	}
	start := len(a.scratch)
	a.scratch = append(a.scratch, s[:i]...)
	for ; i < len(s); i++ {
		b := s[i]
		switch {
		case b == '+' && plus:
			b = ' '
		case b == '%':
			if i+2 >= len(s) {
				return nil, false
			}
			high, low := nibble(s[i+1]), nibble(s[i+2])
			if high > 15 || low > 15 {
				return nil, false
			}
			b = high<<4 | low
			i += 2
		}
		if b == 0 {
			return nil, false
		}
		a.scratch = append(a.scratch, b)
	}
	return a.scratch[start:len(a.scratch):len(a.scratch)], true
}

// nibble reads a hexadecimal digit; what is none gives more than 15.
func nibble(b byte) byte {
	switch {
	case b >= '0' && b <= '9':
		return b - '0'
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10
	}
	return 16
}
