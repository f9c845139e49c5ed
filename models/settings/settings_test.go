package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/slab"
)

var recipes = []string{"bestsellers", "trending", "next"}

// Whatever is wrong with a frame is told by the field and with the cure.
func TestFrameRefused(t *testing.T) {
	for _, c := range []struct{ body, field, cure string }{
		{`{}`, "steps", "at least one"},
		{`{"steps":[{"recipe":"bestseller"}]}`, "steps[0].recipe", "did you mean bestsellers?"},
		{`{"steps":[{"recipe":"next"}],"minimun":2}`, "minimun", "did you mean minimum?"},
		{`{"steps":[{"recipe":"next"}],"slots":"8"}`, "slots", "should be a whole number"},
		{`{"steps":[{"recipe":"next"}],"slots":101}`, "slots", "0 to 100"},
		{`{"steps":[{"recipe":"next"}],"slots":3,"minimum":4}`, "minimum", "always be empty"},
		{`{"steps":[{"recipe":"next","number":2,"minimum":3}]}`, "steps[0].minimum", "always be left out"},
		{`{"steps":[{"recipe":"next","category":"product"}]}`, "steps[0].category", "match.category"},
		{`{"steps":[{"recipe":"next"}],"match":{"category":"any"}}`, "match.category", "same or other"},
		{`{"steps":[{"recipe":"next"}],"match":{"price_from":2,"price_to":1}}`, "match.price_to", "from price_from"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"where":"on_sale"}]}`, "rules[0].boost", "is a filter"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"where":"on_sale","boost":101}]}`, "rules[0].boost", ".01 to 100"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"where":"on_sale","boost":2,"bury":true}]}`, "rules[0].bury", "not both"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"boost":2}]}`, "rules[0].where", "missing"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"where":"on_sale","boost":2,"schedule":{"from":"2026-13-01"}}]}`, "rules[0].schedule.from", "2026-12-24"},
		{`{"steps":[{"recipe":"next"}],"rules":[{"where":"on_sale","boost":2,"schedule":{"days":["monday"]}}]}`, "rules[0].schedule.days", "mon"},
		{`{"steps":[{"recipe":"next"}],"pins":[{"slot":0,"product":"a"}]}`, "pins[0].slot", "1 to 100"},
		{`{"steps":[{"recipe":"next"}],"pins":[{"slot":1}]}`, "pins[0].product", "one of the two"},
		{`{"steps":[{"recipe":"next"}],"limits":[{"of":"colour","most":1}]}`, "limits[0].of", "brand or category"},
		{`{"steps":[{"recipe":"next"}],"diversity":1.5}`, "diversity", "to 1"},
		{`{"steps":[{"recipe":"next"}]} {}`, "", "behind the end"},
		{`[]`, "", "should be an object"},
	} {
		_, err := ReadFrame([]byte(c.body), recipes)
		var why *models.Invalid
		if !errors.As(err, &why) || why.Field != c.field || !strings.Contains(why.Reason, c.cure) {
			t.Errorf("%s: %+v, want field %s and %q", c.body, err, c.field, c.cure)
		}
	}
	if _, err := ReadShop([]byte(`{"currency":"eur"}`)); err == nil || !strings.Contains(err.Error(), "upper case") {
		t.Errorf("currency: %v", err)
	}
	for _, c := range [][2]string{{"frames", "a"}, {"shop", "main"}, {"frame", ""}, {"frame", "A"}, {"frame", "a/b"}, {"frame", strings.Repeat("a", 65)}} {
		if CheckName(c[0], c[1]) == nil {
			t.Errorf("%q", c)
		}
	}
}

// version is a record of the log, of a frame that is told by its number of slots.
func version(name string, n int, id string, slots int) *models.Event {
	v := Version{Kind: KindFrame, Name: name, Version: n, ID: id, Time: models.Time(n), Body: fmt.Appendf(nil, `{"slots":%d,"steps":[{"recipe":"next"}]}`, slots)}
	if slots == 0 {
		v.Body, v.Deleted = nil, true
	}
	r, err := v.Record([]byte("shop"))
	if err != nil {
		panic(err)
	}
	return &models.Event{Kind: models.SettingRecord, Props: r.Value}
}

func newStore() *Store {
	return New(func(v *Version) error {
		_, err := ReadFrame(v.Body, recipes)
		return err
	})
}

// Of writers of one version the first in the log counts, whatever comes later; and a log that was compacted says the same.
func TestFirstWriterCounts(t *testing.T) {
	s := newStore()
	for i, ev := range []*models.Event{version("a", 1, "x", 1), version("a", 2, "x", 2), version("a", 2, "y", 3), version("a", 1, "z", 4), version("a", 2, "x", 2)} {
		if took := s.Apply(1, ev, nil); took != (i < 2) {
			t.Errorf("record %d: %v", i, took)
		}
	}
	of, _ := s.Find(1, KindFrame, "a")
	if v := of.Newest(); v.Version != 2 || v.ID != "x" || s.Conflicts() != 2 {
		t.Errorf("%+v, %d conflicts", v, s.Conflicts())
	}
	if _, other := s.Find(2, KindFrame, "a"); other {
		t.Error("another shop has it")
	}
}

// Histories are bounded, and the newest always there.
func TestBounds(t *testing.T) {
	s := newStore()
	for i := range keepVersion + 10 {
		s.Apply(1, version("a", i+1, "x", 1), nil)
	}
	of, _ := s.Find(1, KindFrame, "a")
	if len(of.Versions) != keepVersion || of.Newest().Version != keepVersion+10 {
		t.Errorf("%d versions up to %d", len(of.Versions), of.Newest().Version)
	}
	for i := range MaxNames + 5 {
		s.Apply(2, version(fmt.Sprint("f", i), 1, "x", 1), nil)
	}
	if n := len(s.List(2, "")); n != MaxNames || s.Refused() != 5 || !s.Full(2) {
		t.Errorf("%d names, %d refused", n, s.Refused())
	}
}

// all tells a store in words.
func all(s *Store) (out string) {
	_ = s.Each(func(shop uint32, v *Version) error {
		b, err := json.Marshal(v)
		out += fmt.Sprintf("%d %s\n", shop, b)
		return err
	})
	return fmt.Sprint(out, s.Conflicts(), s.Refused(), s.Bytes())
}

// A snapshot at any moment, read back and gone on from, is the state of who has never stopped.
func TestSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		straight, stopped := newStore(), newStore()
		for range rapid.IntRange(0, 40).Draw(t, "records") {
			ev := version(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), rapid.IntRange(1, 8).Draw(t, "version"),
				rapid.SampledFrom([]string{"x", "y"}).Draw(t, "id"), rapid.IntRange(0, 5).Draw(t, "slots"))
			shop := rapid.Uint32Range(1, 3).Draw(t, "shop")
			straight.Apply(shop, ev, nil)
			stopped.Apply(shop, ev, nil)
			if rapid.IntRange(0, 5).Draw(t, "stop") == 0 {
				var file bytes.Buffer
				if _, err := stopped.Freeze().WriteTo(&file); err != nil {
					t.Fatal(err)
				}
				stopped = newStore()
				if n, err := slab.ReadAll(&file, stopped); err != nil || file.Len() != 0 {
					t.Fatalf("%d bytes, %v, %d left", n, err, file.Len())
				}
			}
		}
		if a, b := all(straight), all(stopped); a != b {
			t.Errorf("%s\n%s", a, b)
		}
	})
}

// Schedules go by the clocks of the shop, on the days on which they are changed as well.
func TestSchedule(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	clock := Clock{{time.Date(2025, 10, 26, 1, 0, 0, 0, time.UTC).Unix(), 3600}, {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC).Unix(), 7200}, {time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC).Unix(), 3600}}
	for _, c := range []struct {
		s    Schedule
		at   string
		want bool
	}{
		{Schedule{}, "2026-03-29 12:00", true},
		{Schedule{From: "2026-03-29T03:30"}, "2026-03-29 01:59", false}, // in UTC below: 03:59 in summer is 01:59
		{Schedule{From: "2026-03-29T03:30"}, "2026-03-29 03:30", true},
		{Schedule{Until: "2026-03-29"}, "2026-03-28 23:59", true},
		{Schedule{Until: "2026-03-29"}, "2026-03-29 00:00", false},
		{Schedule{Days: []string{"sun"}}, "2026-03-29 00:00", true},
		{Schedule{Days: []string{"sun"}}, "2026-03-28 23:59", false},
		{Schedule{Days: []string{"mon", "sat"}}, "2026-03-28 23:59", true},
		{Schedule{FromHour: 22, UntilHour: 6}, "2026-10-25 05:59", true},
		{Schedule{FromHour: 22, UntilHour: 6}, "2026-10-25 06:00", false},
		{Schedule{FromHour: 22, UntilHour: 6}, "2026-10-25 22:00", true},
		{Schedule{FromHour: 9, UntilHour: 17}, "2026-10-25 08:59", false},
		{Schedule{FromHour: 9, UntilHour: 17}, "2026-10-25 16:59", true},
		{Schedule{FromHour: 9}, "2026-10-25 23:59", true},
	} {
		h, err := c.s.Read("")
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", c.at, warsaw)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Hold(clock.Local(models.TimeOf(at))); got != c.want {
			t.Errorf("%+v at %s: %v", c.s, c.at, got)
		}
	}
}

// A difference is told by the field.
func TestDiff(t *testing.T) {
	got, err := json.Marshal(Diff([]byte(`{"a":1,"s":[{"r":"x"},{"r":"y"}],"o":{"p":1.10}}`), []byte(`{"b":true,"s":[{"r":"x"},{"r":"z"},{"r":"w"}],"o":{"p":1.10}}`)))
	want := `[{"field":"a","was":1},{"field":"b","is":true},{"field":"s[1].r","was":"y","is":"z"},{"field":"s[2]","is":{"r":"w"}}]`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}
