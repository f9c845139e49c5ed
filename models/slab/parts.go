package slab

import "io"

// Parts is several frozen pieces written one after the other, as one section of a snapshot.
type Parts struct{ parts []io.WriterTo }

// Join puts frozen pieces (Frozen, FrozenText, Parts or any io.WriterTo) together.
func Join(parts ...io.WriterTo) *Parts { return &Parts{parts: parts} }

// WriteTo writes the parts in order and lets go of each. It implements io.WriterTo.
func (p *Parts) WriteTo(dst io.Writer) (int64, error) {
	defer p.Close()
	var total int64
	for _, part := range p.parts {
		n, err := part.WriteTo(dst)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Close lets go of what has not been written. It may be called more than once.
func (p *Parts) Close() {
	for _, part := range p.parts {
		if c, ok := part.(interface{ Close() }); ok {
			c.Close()
		}
	}
}

// ReadAll reads pieces back in the order in which Join put them.
func ReadAll(src io.Reader, into ...io.ReaderFrom) (int64, error) {
	var total int64
	for _, part := range into {
		n, err := part.ReadFrom(src)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}
