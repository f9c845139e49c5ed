package engine

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"orrery/churn/timing"
	"orrery/models"
)

// mailing sends mails over some weeks, most at ten o'clock, to contacts who are often at home in the evening.
func mailing(weeks int) (events []*models.Event, end models.Time) {
	random := rand.New(rand.NewPCG(1, 2))
	number := 0
	for week := range weeks {
		for c := 1; c <= 100; c++ {
			hour := models.Time(10)
			if random.IntN(3) == 0 {
				hour = models.Time(random.IntN(24))
			}
			at := models.Time(7*week)*models.Day + hour*models.Hour + models.Time(random.IntN(60))*models.Minute
			number++
			event := func(name string, v int, at models.Time) {
				ev := act(name, v, at)
				if v == 0 {
					ev.Visitor = nil
					ev.Contact = id("c", c)
				}
				events = append(events, ev)
			}
			event("email_sent", 0, at)
			chance := 0.05
			if hour >= 19 && hour <= 21 {
				chance = 0.4
			}
			if random.Float64() < chance {
				event("email_click", 0, at+5*models.Minute)
			}
			if c == 7 { // who comes at noon whatever the mail, with no mail before
				event("page_view", 7, models.Time(7*week+3)*models.Day+12*models.Hour)
			}
			end = max(end, at)
		}
	}
	return events, end
}

// The best hour is that at which mails are answered, not that at which most are sent; a visit long after a mail is no
// answer to it; below the minimum of data nothing is said; and a restart changes nothing.
func TestMailHour(t *testing.T) {
	e := newTestEngine(t)
	events, end := mailing(2)
	apply(e, append([]*models.Event{identify(7, 7, 0)}, events...))
	p, _ := e.Contact(nil, id("c", 1), dayZero+end)
	if p.Mail == nil || !strings.Contains(p.Mail.Gate, "of the 500") {
		t.Fatalf("with 200 mails: %+v", p.Mail)
	}
	events, end = mailing(20)
	e = newTestEngine(t)
	apply(e, append([]*models.Event{identify(7, 7, 0)}, events...))
	evening := 0
	for c := 1; c <= 100; c++ {
		p, _ := e.Contact(nil, id("c", c), dayZero+end)
		m := p.Mail
		if m.Gate != "" || m.Sent != 20 || m.Mails < 7 || m.Mails > 16 || m.Answers > m.Mails || m.Rate < m.Even && !m.Explored {
			t.Fatalf("contact %d: %+v", c, m)
		}
		if m.Hour >= 18 && m.Hour <= 22 {
			evening++
		}
	}
	if evening < 85 || evening == 100 { // some explore
		t.Errorf("%d of 100 contacts are to be written to in the evening", evening)
	}
	x, _ := e.Contact(nil, id("c", 3), dayZero+end)
	y, _ := restored(t, e).Contact(nil, id("c", 3), dayZero+end)
	if *x.Mail != *y.Mail {
		t.Errorf("%+v, after a restart %+v", x.Mail, y.Mail)
	}
}

// Each mail is answered once, by a click within two days or by a visit or an order within six hours.
func TestMailAnswers(t *testing.T) {
	answers := func(more ...*models.Event) float64 {
		e := newTestEngine(t)
		mail := act("email_sent", 0, models.Hour)
		mail.Visitor, mail.Contact = nil, id("c", 1)
		apply(e, append([]*models.Event{identify(1, 1, 0), mail}, more...))
		p, _ := e.Contact(nil, id("c", 1), dayZero+models.Hour)
		return p.Mail.Answers
	}
	click := func(at models.Time) *models.Event {
		ev := act("email_click", 0, at)
		ev.Visitor, ev.Contact = nil, id("c", 1)
		return ev
	}
	for _, x := range []struct {
		what   string
		events []*models.Event
		want   float64
	}{
		{"nothing", nil, 0},
		{"a click", []*models.Event{click(20 * models.Hour)}, 1},
		{"two clicks", []*models.Event{click(20 * models.Hour), click(21 * models.Hour)}, 1},
		{"a late click", []*models.Event{click(80 * models.Hour)}, 0},
		{"a visit", []*models.Event{act("page_view", 1, 5*models.Hour)}, 1},
		{"a late visit", []*models.Event{act("page_view", 1, 9*models.Hour)}, 0},
		{"a visit of somebody else", []*models.Event{act("page_view", 2, 5*models.Hour)}, 0},
		{"an order", []*models.Event{order(models.Purchase, 1, 1, 0, 5, euro, 3*models.Hour)}, 1},
		{"an order by name", []*models.Event{order(models.Purchase, 1, 0, 1, 5, euro, 3*models.Hour)}, 1},
		{"a visit, then an order", []*models.Event{act("page_view", 1, 2*models.Hour), order(models.Purchase, 1, 1, 0, 5, euro, 3*models.Hour)}, 1},
	} {
		if got := answers(x.events...); got < x.want-0.01 || got > x.want+0.01 {
			t.Errorf("%s: %v answers, want %v", x.what, got, x.want)
		}
	}
}

func BenchmarkMail(b *testing.B) {
	e := newTestEngine(b)
	m := e.mails
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		at := dayZero + models.Time(n)*models.Second
		contact := uint32(n*7919%100_000) + 1
		m.Send(1, contact, 3, at)
		m.Answer(1, contact, at+models.Hour, timing.VisitWithin)
	}
}

// What a mail teaches depends on the stream alone: not on how it is cut into batches, nor on a restart in between.
func TestMailsWhateverTheBatches(t *testing.T) {
	var events []*models.Event
	for i, ev := range crowd(300) {
		events = append(events, ev)
		if i%3 == 0 {
			mail := act("email_sent", 0, ev.Time-dayZero+models.Minute)
			mail.Visitor, mail.Contact = nil, id("c", 1+i*7%300)
			events = append(events, mail)
		}
	}
	learned := func(size int, restart bool) []byte {
		e := newTestEngine(t)
		for n, batch := 0, 0; n < len(events); n += batch {
			batch = min(size, len(events)-n)
			e.Apply(slices.Clone(events[n : n+batch]))
			if restart && n >= len(events)/2 {
				e, restart = restored(t, e), false
			}
		}
		var b bytes.Buffer
		frozen := e.mails.Freeze()
		if _, err := frozen.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	want := learned(1, false)
	if !bytes.Equal(learned(64, false), want) {
		t.Error("in batches of 64 something else is learned than from one event after the other")
	}
	if !bytes.Equal(learned(1, true), want) {
		t.Error("after a restart something else is learned")
	}
}
