package erased

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/slab"
)

var seed = intern.SeedOf(0x5eed)

func seeded() *List {
	l := New()
	l.Seed(seed)
	return l
}

func names(shop uint32) []byte { return fmt.Appendf(nil, "shop-%d", shop) }

func who(shop uint32, id string, visitor bool) *Who {
	return &Who{Shop: shop, Name: names(shop), Hash: seed.Hash([]byte(id)), Visitor: visitor}
}

func written(t rapid.TB, l *List) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A mark is HMAC-SHA256 of whom it stands for, under a key that follows from the seed by HMAC-SHA256: computed here from their definitions.
func TestMark(t *testing.T) {
	key := hmac.New(sha256.New, bytes.Repeat([]byte{0}, 16)) // the zero seed's secret is zero
	key.Write([]byte(label))
	mac := hmac.New(sha256.New, key.Sum(nil))
	w := Who{Shop: 3, Name: []byte("shop"), Hash: 0x0102030405060708, Visitor: true}
	mac.Write(append([]byte{'v', 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0}, "shop"...))
	sum := mac.Sum(nil)
	if m := New().MarkOf(&w); m.Lo != binary.BigEndian.Uint64(sum) || m.Hi != binary.BigEndian.Uint64(sum[8:]) || m.Bits >= 1<<markBits {
		t.Errorf("got %+v, want %x", m, sum[:16])
	}
	if a, b := New().MarkOf(&w), seeded().MarkOf(&w); a.Lo == b.Lo || a.Hi == b.Hi {
		t.Error("two logs mark alike")
	}
}

// Whatever is added, lifted, told, taken and kept, a list knows who is on it: as a map does.
func TestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, want := seeded(), map[string]models.Time{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			shop, id := rapid.Uint32Range(1, 3).Draw(t, "shop"), fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "id"))
			w := who(shop, id, rapid.Bool().Draw(t, "visitor"))
			key, at := fmt.Sprintf("%d/%s/%t", shop, id, w.Visitor), models.Time(rapid.IntRange(1, 1000).Draw(t, "time"))
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				l.Lift(w)
				delete(want, key)
			case 1:
				other := seeded()
				if err := other.ReadVersion(bytes.NewReader(written(t, l)), 13); err != nil {
					t.Fatal(err)
				}
				l = other
			case 2: // as an export and an import
				other := seeded()
				l.Each(other.Put)
				l = other
			default:
				l.Add(w, at)
				want[key] = max(want[key], at)
			}
		}
		for shop := range uint32(3) {
			for id := range 10 {
				for _, visitor := range []bool{false, true} {
					w := who(shop+1, fmt.Sprint(id), visitor)
					wanted, known := want[fmt.Sprintf("%d/%d/%t", shop+1, id, visitor)]
					if at, yes := l.Find(w); yes != known || at != wanted {
						t.Fatalf("%+v: %v %t, want %v %t", w, at, yes, wanted, known)
					}
				}
			}
		}
		told := 0
		l.Each(func(uint32, bool, Mark, models.Time) { told++ })
		if told != len(want) {
			t.Fatalf("%d are told, want %d", told, len(want))
		}
	})
}

// before is a section as version 12 wrote it: a key a person, and the totals.
func before(t rapid.TB, persons map[*Who]models.Time) []byte {
	t.Helper()
	var words slab.Words
	byKey := intern.NewHashes(&words, personWords)
	byKey.Seed(seed)
	words.Grow(personWords)
	words.Set(Contacts, 7)
	words.Set(Visitors, 8)
	words.Set(Total, 9)
	for w, at := range persons {
		key, what := people.KeyOf(w.Shop, w.Hash), uint64(w.Shop)<<1
		if w.Visitor {
			key, what = key^0x94d049bb133111eb, what|1
		}
		n, _ := byKey.Add(key)
		words.Set(uint64(n)*personWords+1, uint64(at))
		words.Set(uint64(n)*personWords+2, what)
	}
	var b bytes.Buffer
	if _, err := slab.Join(words.Freeze()).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What version 12 has kept is read: those persons are known, before their keys have become marks and after, and then no key is left.
func TestListOfVersion12(t *testing.T) {
	persons := map[*Who]models.Time{who(1, "anna", false): 5, who(2, "anna", false): 6, who(1, "v", true): 7, who(1, "gone", true): 8}
	l := seeded()
	if err := l.ReadVersion(bytes.NewReader(before(t, persons)), 12); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for w, at := range persons {
			if got, yes := l.Find(w); !yes || got != at {
				t.Errorf("%s: %+v: %v %t, want %v", when, w, got, yes, at)
			}
		}
		for _, w := range []*Who{who(3, "anna", false), who(1, "anna", true), who(1, "v", false), who(1, "bert", false)} {
			if _, yes := l.Find(w); yes {
				t.Errorf("%s: %+v is on the list", when, w)
			}
		}
		if l.Sum(Contacts) != 7 || l.Sum(Visitors) != 8 || l.Sum(Total) != 9 {
			t.Errorf("%s: totals are lost", when)
		}
	}
	check("as read")
	for w := range persons {
		if w.Visitor && persons[w] == 8 { // one comes back before
			l.Lift(w)
			delete(persons, w)
		}
	}
	check("one has come back")
	l.Convert(names)
	l.Convert(names)
	check("with marks")
	b := written(t, l)
	for w := range persons {
		if bytes.Contains(b, binary.LittleEndian.AppendUint64(nil, w.oldKey())) {
			t.Errorf("the key of %+v is still there", w)
		}
	}
	again := seeded()
	if err := again.ReadVersion(bytes.NewReader(b), 13); err != nil {
		t.Fatal(err)
	}
	l = again
	check("of version 13")
}

// An erasure's name is the id's own, to who has the log's key; one of another log, or with a digit changed, is nobody's.
func TestName(t *testing.T) {
	l, hashed := seeded(), func(id []byte) uint64 { return seed.Hash(id) }
	hash := seed.Hash([]byte("anna@example.com"))
	name := l.AppendName(nil, hash)
	for what, id := range map[string][]byte{"a name": name, "a name of version 12": fmt.Appendf(nil, "~%016x", hash), "the id": []byte("anna@example.com")} {
		if got, ok := l.Open(id, hashed); !ok || got != hash {
			t.Errorf("%s %s: %x %t, want %x", what, id, got, ok, hash)
		}
	}
	if bytes.Contains(name, fmt.Appendf(nil, "%016x", hash)) || !bytes.Equal(name, l.AppendName(nil, hash)) || len(name) != 49 {
		t.Errorf("name %s of %016x", name, hash)
	}
	if _, ok := New().Open(name, hashed); ok {
		t.Error("another log takes it")
	}
	for i := 1; i < len(name); i++ {
		changed := bytes.Clone(name)
		if changed[i]++; changed[i] == '9'+1 || changed[i] == 'f'+1 {
			changed[i] = '0'
		}
		if _, ok := l.Open(changed, hashed); ok {
			t.Errorf("with digit %d changed it is taken", i)
		}
	}
}

// Who is not on the list costs no memory, and nearly all of them no HMAC either.
func TestListAllocatesNothing(t *testing.T) {
	l := seeded()
	for i := range 100 {
		l.Add(who(1, fmt.Sprint("erased", i), false), 1)
	}
	passed := 0
	f := l.known.Load()
	for i := range 10_000 {
		bits := bitsOf(who(1, fmt.Sprint(i), false).Hash)
		if f[bits/64].Load()&(1<<(bits%64)) != 0 {
			passed++
		}
	}
	if passed > 20 { // 1 is expected
		t.Errorf("%d of 10,000 strangers ask for an HMAC", passed)
	}
	on, off := who(1, "erased7", false), who(1, "stranger", false)
	if n := testing.AllocsPerRun(100, func() {
		if _, yes := l.Find(off); yes {
			t.Error("found")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if _, yes := l.Find(on); !yes {
		t.Error("lost")
	}
}
