package engine_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/models/people"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts of testdata give into them")

// TestScripts runs the scenarios of testdata. A script is blocks, each some lines, a line of ---- and what they give, which
// ends with an empty line. A block is one of:
//
//	engine [floor=N] [history=N]         a new, empty engine
//	events                               then events, one a line, as JSON or as
//	  [+DAYSd] HH:MM[:SS] EVENT [ITEM[*QUANTITY]...] [FIELD=VALUE...]
//	                                     with v, c, o and shop for visitor, contact, order and shop; fields of a product are
//	                                     those of its item; a value with spaces is quoted
//	frame NAME [FIELD=VALUE...]          v, c, p (products asked about), x (excluded), category, n, shop, at
//	social ITEM [v= shop= at=]
//	profile v= or c= [shop= at=]
//	stats
//
// Time is that of the newest event unless a question has at=HH:MM or at=+DAYSdHH:MM, counted from 2026-03-02 00:00.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			after := runScript(t, string(before))
			if *rewrite {
				if err := os.WriteFile(file, []byte(after), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if after != string(before) {
				t.Errorf("%s gives other answers; with -rewrite they would be:\n%s", file, difference(string(before), after))
			}
		})
	}
}

// difference returns the lines that are new, the first few of them, from where they differ.
func difference(before, after string) string {
	old := strings.Split(before, "\n")
	var b strings.Builder
	n := 0
	for i, line := range strings.Split(after, "\n") {
		was := ""
		if i < len(old) {
			was = old[i]
		}
		if line == was {
			continue
		}
		if n++; n > 12 {
			return b.String() + "      and more"
		}
		from := 0
		for from < min(len(line), len(was)) && line[from] == was[from] {
			from++
		}
		head, cut := line[:min(from, 40)], func(s string) string { return s[min(len(s), max(0, from-20)):min(len(s), from+80)] }
		fmt.Fprintf(&b, "%5d  %s ... %s\n  was  %s\n", i+1, head, cut(line), cut(was))
	}
	return b.String()
}

type script struct {
	t *testing.T
	e *engine.Engine
}

var dayZero = models.TimeOf(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))

func runScript(t *testing.T, text string) string {
	s := &script{t: t}
	s.renew(engine.Config{})
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimRight(text, "\n")+"\n", "\n\n") {
		input, _, asked := strings.Cut(block+"\n", "----\n")
		if !asked {
			out.WriteString(block) // a comment
			out.WriteString("\n\n")
			continue
		}
		out.WriteString(input)
		out.WriteString("----\n")
		out.WriteString(s.run(input))
		out.WriteString("\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

func (s *script) renew(cfg engine.Config) {
	e, err := engine.New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.e = e
}

func (s *script) run(input string) string {
	lines := strings.Split(strings.TrimRight(input, "\n"), "\n")
	for len(lines) > 1 && strings.HasPrefix(lines[0], "#") {
		lines = lines[1:]
	}
	words, fields := split(lines[0])
	switch words[0] {
	case "engine":
		s.renew(engine.Config{
			Floor: number(fields["floor"]), People: people.Config{History: number(fields["history"])}, NoDecay: fields["decay"] == "off",
		})
		return ""
	case "events":
		return s.events(lines[1:])
	case "frame":
		return s.frame(words[1], fields)
	case "social":
		return s.social(words[1], fields)
	case "profile":
		return s.profile(fields)
	case "stats":
		return s.stats()
	}
	s.t.Fatalf("unknown command %q", lines[0])
	return ""
}

// split cuts a line into words, and the fields among them; quotes hold a value together.
func split(line string) (words []string, fields map[string]string) {
	fields = map[string]string{}
	quoted := false
	for _, word := range strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	}) {
		if name, value, ok := strings.Cut(word, "="); ok && !strings.HasPrefix(word, "{") {
			fields[name] = strings.Trim(value, `"`)
		} else {
			words = append(words, word)
		}
	}
	return words, fields
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// when reads [+DAYSd]HH:MM[:SS].
func (s *script) when(text string) models.Time {
	at := dayZero
	if days, rest, ok := strings.Cut(text, "d"); ok {
		at += models.Time(number(strings.TrimPrefix(days, "+"))) * models.Day
		text = rest
	}
	parts := append(strings.Split(text, ":"), "0")
	if len(parts) < 3 {
		s.t.Fatalf("%q is no time", text)
	}
	return at + models.Time(number(parts[0]))*models.Hour + models.Time(number(parts[1]))*models.Minute + models.Time(number(parts[2]))*models.Second
}

func (s *script) now(fields map[string]string) models.Time {
	if at := fields["at"]; at != "" {
		return s.when(at)
	}
	return s.e.StreamTime()
}

// events applies events in one batch, and says which were refused.
func (s *script) events(lines []string) string {
	var refused strings.Builder
	var batch []*models.Event
	for _, line := range lines {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := dayZero + models.Day
		if !strings.HasPrefix(line, "{") {
			at, line = s.event(line)
		}
		e := new(models.Event)
		if why := e.Decode([]byte(line), at); why != nil {
			fmt.Fprintf(&refused, "refused: %s\n", why)
			continue
		}
		batch = append(batch, e)
	}
	s.e.Apply(batch)
	return refused.String()
}

// event makes JSON of a short event.
func (s *script) event(line string) (models.Time, string) {
	clock, rest, _ := strings.Cut(line, " ")
	if strings.HasPrefix(clock, "+") && strings.HasSuffix(clock, "d") {
		var of string
		of, rest, _ = strings.Cut(rest, " ")
		clock += of
	}
	at := s.when(clock)
	words, fields := split(rest)
	var b strings.Builder
	fmt.Fprintf(&b, `{"event":%q,"time":%q`, words[0], at.Std().Format(time.RFC3339))
	product := strings.HasPrefix(words[0], "product_")
	var item strings.Builder
	names := map[string]string{"v": "visitor", "c": "contact", "o": "order", "name": "item_name", "category": "item_category"}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		to, value := &b, fields[name]
		if long := names[name]; long != "" {
			name, to = long, &b
		}
		if product && name != "shop" && name != "currency" || strings.HasPrefix(name, "item_") || name == "price" {
			to = &item
		}
		if _, err := strconv.ParseFloat(value, 64); err != nil && value != "true" && value != "null" {
			value = strconv.Quote(value)
		}
		fmt.Fprintf(to, `,%q:%s`, name, value)
	}
	for i, word := range words[1:] {
		id, quantity, ok := strings.Cut(word, "*")
		if !ok {
			quantity = "1"
		}
		fmt.Fprintf(&b, `%s{"item_id":%q,"quantity":%s%s}`, []string{`,"items":[`, ","}[min(i, 1)], id, quantity, item.String())
	}
	if len(words) > 1 {
		b.WriteString("]")
	}
	b.WriteString("}")
	return at, b.String()
}

func ids(list string) (out [][]byte) {
	for id := range strings.SplitSeq(list, ",") {
		if id != "" {
			out = append(out, []byte(id))
		}
	}
	return out
}

func (s *script) frame(name string, fields map[string]string) string {
	q := models.FrameQuery{
		Shop: []byte(fields["shop"]), Frame: []byte(name), Visitor: []byte(fields["v"]), Contact: []byte(fields["c"]),
		Products: ids(fields["p"]), Exclude: ids(fields["x"]), Category: []byte(fields["category"]), N: number(fields["n"]), Now: s.now(fields),
	}
	var f models.Frame
	if err := s.e.Frame(&q, &f); err != nil {
		return err.Error() + "\n"
	}
	if len(f.Items) == 0 {
		return "nothing\n"
	}
	var b strings.Builder
	for _, it := range f.Items {
		fmt.Fprintf(&b, "%-4s step %d %s", it.Product.ID, it.Step+1, it.Recipe)
		if len(it.Evidence.ID) > 0 {
			fmt.Fprintf(&b, ", because of %s", it.Evidence.ID)
		}
		if it.Evidence.Count != 0 {
			fmt.Fprintf(&b, ", count %.4g", it.Evidence.Count)
		}
		if proof := shown(it.Social); proof != "" {
			fmt.Fprintf(&b, "; %s", proof)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func shown(p models.Social) string {
	var parts []string
	for i, n := range []int32{p.ViewingNow, p.Viewed24h, p.Carted24h, p.Bought24h} {
		if n >= 0 {
			parts = append(parts, fmt.Sprintf("%s %d", []string{"viewing", "viewed", "carted", "bought"}[i], n))
		}
	}
	return strings.Join(parts, " ")
}

func (s *script) social(item string, fields map[string]string) string {
	p, ok := s.e.Social([]byte(fields["shop"]), []byte(item), []byte(fields["v"]), s.now(fields))
	switch {
	case !ok:
		return "unknown\n"
	case shown(p) == "":
		return "too few to tell\n"
	}
	return shown(p) + "\n"
}

func (s *script) profile(fields map[string]string) string {
	ask, who := s.e.Visitor, fields["v"]
	if fields["c"] != "" {
		ask, who = s.e.Contact, fields["c"]
	}
	p, ok := ask([]byte(fields["shop"]), []byte(who), s.now(fields))
	if !ok {
		return "unknown\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "contact %q, %d visitors, %d sessions, %d events, seen %s to %s", p.Contact, p.Visitors, p.Sessions, p.Events, clock(p.FirstSeen), clock(p.LastSeen))
	if p.Bot {
		b.WriteString(", a bot")
	}
	b.WriteString("\n")
	if len(p.Attributes) > 0 {
		fmt.Fprintf(&b, "attributes %s\n", p.Attributes)
	}
	touches := func(what string, list []models.ItemTouch) {
		if len(list) == 0 {
			return
		}
		b.WriteString(what)
		for _, t := range list {
			fmt.Fprintf(&b, " %s", t.ID)
			if t.Quantity != 1 {
				fmt.Fprintf(&b, "*%d", t.Quantity)
			}
		}
		b.WriteString("\n")
	}
	touches("viewed", p.Viewed)
	touches("cart", p.Cart)
	for _, o := range p.Orders {
		fmt.Fprintf(&b, "order %q %s %s %s", o.Order, clock(o.At), o.Value, o.Currency)
		if o.Cancelled {
			b.WriteString(" cancelled")
		}
		touches(":", lines(&o))
		if len(o.Items) == 0 {
			b.WriteString("\n")
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(p.Spent)) {
		fmt.Fprintf(&b, "%d orders, spent %s %s\n", p.OrderCount, p.Spent[currency], currency)
	}
	return b.String()
}

func clock(t models.Time) string { return t.Std().Format("02 15:04") }

func (s *script) stats() string {
	st := s.e.Stats()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d events:", st.Total)
	for _, name := range slices.Sorted(maps.Keys(st.Events)) {
		fmt.Fprintf(&b, " %s %d", name, st.Events[name])
	}
	fmt.Fprintf(&b, "\norders %d, buyers %d, refunds %d, cancels %d, repeats %d\n", st.Orders, st.Buyers, st.Refunds, st.Cancels, st.Repeats)
	fmt.Fprintf(&b, "visitors %d, contacts %d, sessions %d, bots %d, items %d, products %d\n", st.Visitors, st.Contacts, st.Sessions, st.Bots, st.Items, st.Products)
	for _, currency := range slices.Sorted(maps.Keys(st.Revenue)) {
		fmt.Fprintf(&b, "revenue %s %s\n", st.Revenue[currency], currency)
	}
	return b.String()
}
