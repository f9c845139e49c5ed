package engine_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
	"orrery/models/slab"
	"orrery/stream/snapshot"
)

// Golden snapshots are files that earlier versions have written, with what they answered: testdata/golden/10.snap.gz and
// 10.txt are those of version 10 of every section; 11, 12 and 13 followed. All are made from events.ndjson, a made-up script, by
//
//	go test ./engine -run TestGolden -golden 13
//
// and are never made anew: an upgrade must go on answering from them. A figure that changes on purpose is changed in the
// .txt by hand, with the reason in the commit.
var golden = flag.Int("golden", 0, "write the golden snapshot and figures of this version of the sections")

func TestGolden(t *testing.T) {
	if *golden != 0 {
		writeGolden(t, filepath.Join("testdata", "golden", strconv.Itoa(*golden)))
	}
	files, err := filepath.Glob("testdata/golden/*.snap.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden snapshots: %v", err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".snap.gz")
		t.Run("version "+filepath.Base(base), func(t *testing.T) {
			want, err := os.ReadFile(base + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			e := newEngine(t, engine.Config{})
			restoreGolden(t, e, file)
			if got := figures(t, e); got != string(want) {
				t.Errorf("%s answers otherwise than when it was written:\n%s", file, difference(string(want), got))
			}
			apply(e, decodeFile(t, "testdata/golden/events.ndjson", models.Hour), 32) // it goes on
			again := newEngine(t, engine.Config{})
			restore(t, again, save(t, e)) // in today's layout
			if got, want := figures(t, again), figures(t, e); got != want {
				t.Errorf("%s, continued, answers otherwise after another restart:\n%s", file, difference(want, got))
			}
		})
	}
}

// Whatever is learned can be left out: the facts are there, and the stream goes on.
func TestWithoutWhatIsLearned(t *testing.T) {
	const file = "testdata/golden/10.snap.gz"
	whole := newEngine(t, engine.Config{})
	restoreGolden(t, whole, file)
	want, now := whole.Stats(), whole.StreamTime()
	events := decodeFile(t, "testdata/golden/events.ndjson", models.Hour)
	var learned []string
	for _, s := range whole.Freeze() {
		s.Close()
		var dropped *slab.Dropped
		if errors.As(newEngine(t, engine.Config{}).Restore(s.Name, 1, strings.NewReader("")), &dropped) {
			learned = append(learned, s.Name)
		}
	}
	if len(learned) < 5 {
		t.Fatalf("learned is %v only", learned)
	}
	for _, left := range append(learned, strings.Join(learned, " ")) {
		e := newEngine(t, engine.Config{})
		restoreGolden(t, e, file, strings.Fields(left)...)
		got := e.Stats()
		got.Bytes, want.Bytes = nil, nil
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("without %s: %+v, not %+v", left, got, want)
		}
		for n := range 8 {
			id := fmt.Appendf(nil, "c%d@example.com", n)
			p, _ := e.Contact(nil, id, now)
			q, _ := whole.Contact(nil, id, now)
			if fmt.Sprint(p.Orders, p.Spent, p.Viewed) != fmt.Sprint(q.Orders, q.Spent, q.Viewed) {
				t.Errorf("without %s contact %s has other orders", left, id)
			}
		}
		apply(e, events, 64)
		figures(t, e)
		restore(t, newEngine(t, engine.Config{}), save(t, e))
	}
}

func writeGolden(t *testing.T, base string) {
	e := newEngine(t, engine.Config{})
	apply(e, decodeFile(t, "testdata/golden/events.ndjson", 0), 64)
	for _, b := range e.CustomerBases() {
		m, _ := b.Fit()
		r, err := b.Record(m)
		if err != nil {
			t.Fatal(err)
		}
		e.Apply([]*models.Event{{Kind: models.LearnedRecord, Shop: []byte(b.Shop()), Props: r.Value}})
	}
	e.NewVectorTraining(func() {}).Step(func() bool { return true })
	var sections []snapshot.Section
	for _, s := range e.Freeze() {
		sections = append(sections, snapshot.Section{Name: s.Name, Version: s.Version, Data: s.Data})
	}
	var file bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&file, gzip.BestCompression)
	if _, err := snapshot.Write(zip, snapshot.Header{Build: "golden"}, sections, nil); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := newEngine(t, engine.Config{}) // learners publish some weights only now and then, and when they are restored
	restore(t, fresh, save(t, e))
	for name, b := range map[string][]byte{base + ".snap.gz": file.Bytes(), base + ".txt": []byte(figures(t, fresh))} {
		if err := os.WriteFile(name, b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// restoreGolden restores a golden snapshot, but for some sections.
func restoreGolden(t *testing.T, e *engine.Engine, file string, but ...string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := snapshot.NewReader(unzip)
	if err != nil {
		t.Fatal(err)
	}
	for {
		info, payload, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(but, info.Name) {
			continue
		}
		if err := e.Restore(info.Name, info.Version, payload); err != nil {
			t.Fatalf("section %s, version %d: %v", info.Name, info.Version, err)
		}
		if n, err := io.Copy(io.Discard, payload); n > 0 || err != nil {
			t.Fatalf("section %s, version %d: %d bytes were not read (%v)", info.Name, info.Version, n, err)
		}
	}
}

// decodeFile reads events, moved by so much time.
func decodeFile(t *testing.T, file string, by models.Time) []*models.Event {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	events := decode(t, strings.Split(strings.TrimSpace(string(b)), "\n"))
	for _, e := range events {
		e.Time += by
	}
	return events
}

// figures is what an engine answers about the world of the golden script, one figure a line.
func figures(t *testing.T, e *engine.Engine) string {
	b, now := new(strings.Builder), e.StreamTime()
	s := e.Stats()
	for _, name := range slices.Sorted(maps.Keys(s.Events)) {
		fmt.Fprintf(b, "events %s %d\n", name, s.Events[name])
	}
	for _, c := range slices.Sorted(maps.Keys(s.Revenue)) {
		fmt.Fprintf(b, "revenue %s %v\n", c, s.Revenue[c])
	}
	fmt.Fprintf(b, "total %d, orders %d, refunds %d, cancels %d, buyers %d, repeats %d\n", s.Total, s.Orders, s.Refunds, s.Cancels, s.Buyers, s.Repeats)
	fmt.Fprintf(b, "visitors %d, contacts %d, sessions %d, bots %d, items %d, products %d, time %d\n", s.Visitors, s.Contacts, s.Sessions, s.Bots, s.Items, s.Products, s.StreamTime)
	for _, shop := range []string{"default", "north", "süd"} {
		figuresOfShop(t, b, e, shop, now)
	}
	for _, q := range e.Quality(now) {
		for _, w := range q.Windows {
			fmt.Fprintf(b, "quality %s %s: %d of %d, %.4g, %d shown\n", q.Frame, w.Window, w.Hits, w.Samples, w.MRR, w.Shown)
		}
	}
	changes, _ := e.CustomerChanges(1000)
	for _, c := range changes {
		fmt.Fprintf(b, "change %s %s %v %s from %s\n", c.Shop, c.Contact, c.At, c.Segment, c.SegmentBefore)
	}
	return b.String()
}

func figuresOfShop(t *testing.T, b *strings.Builder, e *engine.Engine, shop string, now models.Time) {
	item := map[string]string{"default": "i", "north": "n", "süd": "s"}[shop]
	frame := func(q models.FrameQuery) {
		var f models.Frame
		q.Shop, q.Now = []byte(shop), now
		if err := e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(b, "frame %s %s v=%s c=%s p=%s:", shop, q.Frame, q.Visitor, q.Contact, q.Products)
		for _, it := range f.Items {
			fmt.Fprintf(b, " %s/%s/%s/%.4g", it.Product.ID, it.Recipe, it.Evidence.ID, it.Evidence.Count)
		}
		b.WriteString("\n")
	}
	for _, name := range e.Frames() {
		for n := range 3 {
			frame(models.FrameQuery{Frame: []byte(name), Visitor: fmt.Appendf(nil, "v%d", n), Products: [][]byte{fmt.Appendf(nil, "%s%d", item, n)}})
		}
		frame(models.FrameQuery{Frame: []byte(name), Contact: []byte("c1@example.com"), Category: []byte("Home > Lamps")})
	}
	for n := range 18 {
		id := fmt.Appendf(nil, "%s%d", item, n)
		p, ok := e.Product([]byte(shop), id)
		social, _ := e.Social([]byte(shop), id, nil, now)
		fmt.Fprintf(b, "product %s %s %v %s, %s, %s, %v %v %s, in stock %v, listed %v, viewed %d carted %d\n", shop, id, ok, p.Title, p.Brand, p.Category, p.Price, p.Sale, p.Currency, p.InStock, p.Listed, social.Viewed24h, social.Carted24h)
	}
	for n := range 22 {
		p, ok := e.Visitor([]byte(shop), fmt.Appendf(nil, "v%d", n), now)
		figuresOf(b, fmt.Sprintf("visitor %s v%d %v", shop, n, ok), &p)
	}
	for n := range 8 {
		p, ok := e.Contact([]byte(shop), fmt.Appendf(nil, "c%d@example.com", n), now)
		figuresOf(b, fmt.Sprintf("contact %s c%d %v", shop, n, ok), &p)
	}
	e.EachContact([]byte(shop), 0, now, func(id []byte, p *models.Profile) bool {
		fmt.Fprintf(b, "export %s %s%s\n", shop, id, forecasts(p))
		return true
	})
	r, ok := e.RFM([]byte(shop), now)
	fmt.Fprintf(b, "rfm %s %v %d %s %d %v\n", shop, ok, r.Customers, r.Currency, r.Foreign, r.Grid)
	in, ok := e.IntentQuality([]byte(shop))
	fmt.Fprintf(b, "intent %s %v %d %d %d\n", shop, ok, in.Outcomes, in.Purchases, in.Sessions)
}

func figuresOf(b *strings.Builder, who string, p *models.Profile) {
	fmt.Fprintf(b, "%s: contact %q, attributes %s, %d visitors, seen %d to %d, %d sessions, %d events, bot %v, orders %d\n", who, p.Contact, p.Attributes, p.Visitors, p.FirstSeen, p.LastSeen, p.Sessions, p.Events, p.Bot, p.OrderCount)
	for _, c := range slices.Sorted(maps.Keys(p.Spent)) {
		fmt.Fprintf(b, "  spent %v %s\n", p.Spent[c], c)
	}
	fmt.Fprintf(b, "  viewed %s\n  cart %s\n", touches(p.Viewed), touches(p.Cart))
	for _, o := range p.Orders {
		fmt.Fprintf(b, "  order %s %d %v %s %v %s\n", o.Order, o.At, o.Value, o.Currency, o.Cancelled, touches(lines(&o)))
	}
	if f := forecasts(p); f != "" {
		fmt.Fprintf(b, " %s\n", f)
	}
}

func forecasts(p *models.Profile) (s string) {
	if c := p.Customer; c != nil {
		s += fmt.Sprintf(" customer %d %d %d %d %v %s %.4g %v %s %q %d %.4g %.4g %.4g", c.First, c.Last, c.Days, c.Orders, c.Spent, c.Currency, c.Gap, c.Score, c.Segment, c.Gate, c.BaseN, c.Buy7, c.Buy28, c.Alive)
	}
	if p.Intent != nil {
		s += fmt.Sprintf(" intent %.4g", p.Intent.Probability)
	}
	if p.Outlook != nil {
		s += fmt.Sprintf(" outlook %.4g %q", p.Outlook.Within, p.Outlook.Gate)
	}
	if p.Mail != nil {
		s += fmt.Sprintf(" mail %q %d %.4g %d %.4g %.4g", p.Mail.Gate, p.Mail.Hour, p.Mail.Rate, p.Mail.Sent, p.Mail.Mails, p.Mail.Answers)
	}
	return s
}
