package machine

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// Stack is one stack of a CPU profile, the function that ran first, and the CPU time that was spent in it.
type Stack struct {
	Functions []string
	Nanos     int64
}

// ReadProfile reads the stacks of a CPU profile as runtime/pprof writes it: a gzipped protocol buffer, profile.proto of
// github.com/google/pprof. Only what a grouping needs is read.
func ReadProfile(src io.Reader) ([]Stack, error) {
	z, err := gzip.NewReader(src)
	if err != nil {
		return nil, fmt.Errorf("cannot read a profile: %w", err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("cannot read a profile: %w", err)
	}
	p := profile{functions: map[uint64]uint64{}, locations: map[uint64][]uint64{}}
	if err := p.read(raw); err != nil {
		return nil, fmt.Errorf("cannot read a profile: %w", err)
	}
	return p.stacks(), nil
}

type sample struct {
	locations []uint64
	nanos     int64
}

type profile struct {
	samples   []sample
	locations map[uint64][]uint64 // to functions, the innermost of inlined ones first
	functions map[uint64]uint64   // to names
	texts     []string
}

// Fields of the messages that are read.
const (
	profileSample, profileLocation, profileFunction, profileText = 2, 4, 5, 6
	sampleLocation, sampleValue                                  = 1, 2
	locationID, locationLine                                     = 1, 4
	lineFunction                                                 = 1
	functionID, functionName                                     = 1, 2
)

func (p *profile) read(raw []byte) error {
	return fields(raw, func(field int, _ uint64, msg []byte) error {
		switch field {
		case profileSample:
			var s sample
			var values []uint64
			err := fields(msg, func(field int, n uint64, packed []byte) error {
				switch field {
				case sampleLocation:
					s.locations = numbers(s.locations, n, packed)
				case sampleValue:
					values = numbers(values, n, packed)
				}
				return nil
			})
			if len(values) > 0 {
				s.nanos = int64(values[len(values)-1]) // samples, nanoseconds
			}
			p.samples = append(p.samples, s)
			return err
		case profileLocation:
			return p.location(msg)
		case profileFunction:
			var id, name uint64
			err := fields(msg, func(field int, n uint64, _ []byte) error {
				switch field {
				case functionID:
					id = n
				case functionName:
					name = n
				}
				return nil
			})
			p.functions[id] = name
			return err
		case profileText:
			p.texts = append(p.texts, string(msg))
		}
		return nil
	})
}

func (p *profile) location(msg []byte) error {
	var id uint64
	var functions []uint64
	err := fields(msg, func(field int, n uint64, line []byte) error {
		switch field {
		case locationID:
			id = n
		case locationLine:
			return fields(line, func(field int, n uint64, _ []byte) error {
				if field == lineFunction {
					functions = append(functions, n)
				}
				return nil
			})
		}
		return nil
	})
	p.locations[id] = functions
	return err
}

func (p *profile) stacks() []Stack {
	out := make([]Stack, 0, len(p.samples))
	for _, s := range p.samples {
		stack := Stack{Nanos: s.nanos}
		for _, l := range s.locations {
			for _, f := range p.locations[l] {
				if name := p.functions[f]; name < uint64(len(p.texts)) {
					stack.Functions = append(stack.Functions, p.texts[name])
				}
			}
		}
		out = append(out, stack)
	}
	return out
}

// fields calls f for each field of a protocol buffer message: with its number for a varint, its bytes for the rest.
func fields(msg []byte, f func(field int, n uint64, bytes []byte) error) error {
	for len(msg) > 0 {
		key, rest, ok := varint(msg)
		if !ok {
			return errCut
		}
		var n uint64
		var value []byte
		switch key & 7 {
		case 0:
			if n, rest, ok = varint(rest); !ok {
				return errCut
			}
		case 1, 5:
			size := 8
			if key&7 == 5 {
				size = 4
			}
			if len(rest) < size {
				return errCut
			}
			rest = rest[size:]
		case 2:
			if n, rest, ok = varint(rest); !ok || n > uint64(len(rest)) {
				return errCut
			}
			value, rest = rest[:n], rest[n:]
		default:
			return fmt.Errorf("wire type %d is not of a profile", key&7)
		}
		if err := f(int(key>>3), n, value); err != nil {
			return err
		}
		msg = rest
	}
	return nil
}

var errCut = errors.New("the message is cut off")

func varint(b []byte) (n uint64, rest []byte, ok bool) {
	for i := 0; i < len(b) && i < 10; i++ {
		n |= uint64(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return n, b[i+1:], true
		}
	}
	return 0, nil, false
}

// numbers appends a repeated number, which comes packed or alone.
func numbers(dst []uint64, n uint64, packed []byte) []uint64 {
	if packed == nil {
		return append(dst, n)
	}
	for len(packed) > 0 {
		n, rest, ok := varint(packed)
		if !ok {
			break
		}
		dst, packed = append(dst, n), rest
	}
	return dst
}
