package registry

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"orrery/models/slab"
)

// Two layouts of one model: the older one held one number, the newer one two.
type twice struct{ a, b uint64 }

func (m *twice) Freeze() *slab.Parts { return slab.Join(slab.Numbers{m.a, m.b}) }
func (m *twice) Bytes() uint64       { return 16 }

func (m *twice) ReadVersion(r io.Reader, version uint16) error {
	n := make(slab.Numbers, 2)
	if version == 10 {
		n = n[:1]
	}
	_, err := n.ReadFrom(r)
	m.a, m.b = n[0], 1
	if len(n) == 2 {
		m.b = n[1]
	}
	return err
}

// The newest two versions are read, others are refused with all that a reader has to know, or left out.
func TestVersions(t *testing.T) {
	older, newer := []byte{7, 0, 0, 0, 0, 0, 0, 0}, []byte{7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		version uint16
		data    []byte
		a, b    uint64
	}{{10, older, 7, 1}, {11, newer, 7, 9}} {
		m := new(twice)
		e := Changed("some", 11, m)
		if err := e.restore(c.version, bytes.NewReader(c.data)); err != nil || m.a != c.a || m.b != c.b {
			t.Errorf("version %d: %v, %+v", c.version, err, *m)
		}
	}
	for _, version := range []uint16{0, 9, 12} {
		e := Changed("some", 11, new(twice))
		err := e.restore(version, strings.NewReader(""))
		for _, part := range []string{`"some"`, "versions 10 and 11", "snapshot export", "--snapshot.rebuild"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("version %d: %v does not say %s", version, err, part)
			}
		}
		var dropped *slab.Dropped
		if errors.As(err, &dropped) {
			t.Errorf("version %d is left out, not refused", version)
		}
		e = e.Relearned()
		if err := e.restore(version, strings.NewReader("")); !errors.As(err, &dropped) || dropped.Section != "some" {
			t.Errorf("version %d of what is learned: %v", version, err)
		}
	}
}
