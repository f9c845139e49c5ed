package contacts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"orrery/models"
	"orrery/stream/files"
)

var regexpFile = regexp.MustCompile(`(?m)^/[^,]*,`)

var today = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// kept is a sink that remembers what it was told last of each contact, and knows what it has been told already.
type kept struct {
	said   map[string]string
	props  map[string]map[string]any
	times  map[string]models.Time
	calls  int
	erased string
}

func (k *kept) take(_ context.Context, lines []byte, _ bool) (a Answer, err error) {
	k.calls++
	for line := range bytes.Lines(lines) {
		var e models.Event
		if err := e.Decode(bytes.TrimSpace(line), models.TimeOf(today)); err != nil {
			return a, err
		}
		var whole struct {
			Contact string
			Props   map[string]any
		}
		if err := json.Unmarshal(line, &whole); err != nil {
			return a, err
		}
		props, _ := json.Marshal(whole.Props)
		switch before, known := k.said[whole.Contact]; {
		case whole.Contact == k.erased:
			a.Suppressed++
			continue
		case !known:
			a.Added++
		case before == string(props):
			a.Unchanged++
		default:
			a.Changed++
		}
		k.said[whole.Contact], k.props[whole.Contact], k.times[whole.Contact] = string(props), whole.Props, e.Time
	}
	return a, nil
}

func newKept() *kept {
	return &kept{said: map[string]string{}, props: map[string]map[string]any{}, times: map[string]models.Time{}}
}

func imported(t testing.TB, k *kept, cfg Config, texts ...string) (Summary, error) {
	t.Helper()
	for i, text := range texts {
		name, body, named := strings.Cut(text, "\x00")
		if !named {
			name, body = fmt.Sprintf("%d.csv", i), text
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.Files.Files = append(cfg.Files.Files, path)
	}
	cfg.Now = func() time.Time { return today }
	return Run(t.Context(), cfg, k.take)
}

func TestFiles(t *testing.T) {
	f := func(want string, cfg Config, texts ...string) {
		t.Helper()
		k := newKept()
		s, err := imported(t, k, cfg, texts...)
		if err != nil {
			t.Errorf("%.60q: %v", texts[0], err)
			return
		}
		var got []string
		for contact, props := range k.said {
			got = append(got, contact+" "+props)
		}
		slices.Sort(got)
		if all := strings.Join(got, "\n"); all != want {
			t.Errorf("%.60q\n got %s\nwant %s\n%+v", texts[0], all, want, s.First)
		}
	}
	const ann = `ann@x.example {"email_consent":"granted","name":"Ann","tags":["b","vip"]}`
	f(ann, Config{}, "Email,Name,Tags,Accepts Email Marketing\n ANN@x.example ,Ann,\"vip, b\",yes\n")
	f(ann, Config{}, "\ufeffE-Mail-Adresse;Name;Schlagworte;Newsletter\r\nann@x.example;Ann;vip|b;Ja\r\n")
	f(ann, Config{}, "e_mail\tname\ttags\tzgoda_email\nann@x.example\tAnn\tb,vip,vip\tTAK\n")
	f(ann, Config{}, "a.jsonl\x00"+`{"email":"ann@x.example","name":"Ann","tags":["vip","b"],"consent":{"email":true,"fax":true}}`)
	f(ann, Config{}, "a.json\x00"+`[{"event":"identify","id":"7","time":1,"contact":"ann@x.example","props":{"name":"Ann","tags":"vip,b","email_consent":"granted","x":null,"y":""}}]`)
	f(ann, Config{}, "noname\x00"+`{"email":"ann@x.example","attributes":{"name":"Ann"},"tags":["vip","b"],"email_consent":1}`)
	f(`7 {"Name":"Ann","shop":"Köln"}`, Config{Map: []string{"contact=no", "Name=n", "shop==Köln"}, Drop: []string{"x"}}, "no,n,x\n7,Ann,1\n")
	f(`7 {"name":"Ann"}`, Config{Map: []string{"contact=user.id", "name=user.name"}, Only: true}, "u.jsonl\x00"+`{"user":{"id":7,"name":"Ann"},"more":1}`)
	f(`a@x {"zip":"01067"}`, Config{}, "email,zip,city\na@x,01067,NULL\n") // digits stay what they are; nothing is said of what is empty
	f(`a@x {"n":5,"o":{"p":[1]}}`, Config{}, "a.jsonl\x00"+`{"email":"a@x","n":5,"o":{"p":[1]},"z":null}`)
	f(`a@x {"email_consent":"denied","sms_consent":"pending"}`, Config{Map: []string{"consent.email=status", "consent.email.Raus=denied", "consent.sms=s"}},
		"email,status,s\na@x,raus,pending\n")
	latin, _ := charmap.Windows1252.NewEncoder().String("E-Mail;Ort\nmüller@x.example;Düsseldorf\n")
	f(`müller@x.example {"ort":"Düsseldorf"}`, Config{}, latin)
	// Rows of one contact are one, over files as well: tags gather, the last value counts, of two words about one consent no wins.
	f(`a@x {"city":"Ulm","email_consent":"denied","name":"A","tags":["one","two"]}`, Config{},
		"email,city,tags,newsletter,name\na@x,Bonn,one,no,A\nA@X,,two,yes,\n", "email,city\na@x,Ulm\n")
	f(`a@x {"email_consent":"granted"}`, Config{}, "email,newsletter,consent_after_erasure\na@x,1,true\n")
	f(`a@x {"contact_2":"x","email":"a"}`, Config{Map: []string{"contact=id"}}, "id,email,Contact\na@x,a,x\n")
}

func TestRefusedRows(t *testing.T) {
	k := newKept()
	var rejects bytes.Buffer
	s, err := imported(t, k, Config{Rejects: &rejects, Map: []string{"time=seen"}},
		"email,name,newsletter,seen\n,Nobody,,\nguest,N,,\na@x,A,perhaps,2026-11-30\nb@x,B\nc@x,C,yes,soon\nd@x,D,no,1850-01-01\nf@x,,,2030-01-01\ne@x,\"E\x01\",,\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(k.said); got != `map[a@x:{"name":"A"} e@x:{"name":"E\u0001"}]` {
		t.Error(got)
	}
	if want := models.TimeOf(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)); k.times["a@x"] != want {
		t.Errorf("a@x is of %v", k.times["a@x"])
	}
	if s.Rows != 8 || s.Bad != 6 || s.Contacts != 2 || len(s.Notes()) != 1 || s.Notes()[0] != `1: consent.email "perhaps" is neither yes nor no: left out` {
		t.Errorf("%+v", s)
	}
	if err := s.Err(); err == nil || !strings.HasPrefix(err.Error(), "6 of 8 rows were not taken, the first at ") {
		t.Error(err)
	}
	got := regexpFile.ReplaceAllString(rejects.String(), "")
	if want := "file,line,reason\n2,contact is missing\n3,\"contact \"\"guest\"\" is a word for nobody\"\n5,2 columns instead of 4\n" +
		"6,\"time \"\"soon\"\" is no time that is known: give its layout (time-layout)\"\n7,\"time \"\"1850-01-01\"\" is read as 1850-01-01 00:00:00, which cannot be: give its layout or its unit (time-layout)\"\n8,\"time \"\"2030-01-01\"\" is ahead of now\"\n"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for text, want := range map[string]string{
		"name,city\nA,B\n":       "no column is known to have the mail address: say which (--map contact=COLUMN): there are name, city",
		"email\n":                "",
		"PAR1xxxx":               "cannot read",
		"email,x\n\"a@x,1\n":     "",
		"email;name\n;\n;\n":     "",
		"a.jsonl\x00{\"a\":1}\n": "",
	} {
		s, err := imported(t, newKept(), Config{}, text)
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) || want == "" && (err != nil || s.Err() == nil) {
			t.Errorf("%q: %v, %v", text, err, s.Err())
		}
	}
	for _, entry := range []string{"contact", "=x", "contact==x", "consent.fax=f", "consent.email.x=maybe", "time==1"} {
		if _, err := imported(t, newKept(), Config{Map: []string{entry}}, "email\na@x\n"); err == nil {
			t.Errorf("--map %s is taken", entry)
		}
	}
	if _, err := imported(t, newKept(), Config{Map: []string{"a=x", "a=y"}}, "email\na@x\n"); err == nil {
		t.Error("an attribute of two columns is taken")
	}
}

func TestSecondRun(t *testing.T) {
	k := newKept()
	k.erased = "gone@x"
	var text strings.Builder
	text.WriteString("email,name,tags\ngone@x,G,\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "c%d@x,N%d,t%d\n", i%4000, i, i%3)
	}
	first, err := imported(t, k, Config{Batch: 700}, text.String())
	if err != nil || first.Rows != 5001 || first.Contacts != 4001 || first.Joined != 1000 || first.Added != 4000 || first.Suppressed != 1 || k.calls != 6 {
		t.Fatalf("%+v, %v, %d calls", first, err, k.calls)
	}
	second, err := imported(t, k, Config{}, text.String())
	if err != nil || second.Added != 0 || second.Changed != 0 || second.Unchanged != 4000 || second.Suppressed != 1 {
		t.Errorf("%+v, %v", second, err)
	}
}

func TestStandardInputIsReadTwice(t *testing.T) {
	k := newKept()
	s, err := imported(t, k, Config{Files: files.Config{Files: []string{"-"}, Stdin: strings.NewReader("email;x\na@x;1\na@x;2\n")}})
	if err != nil || s.Contacts != 1 || k.said["a@x"] != `{"x":"2"}` {
		t.Errorf("%+v, %v, %v", s, err, k.said)
	}
}

// Whatever order rows come in and in what batches: as many contacts as there are, and of tags the union.
func TestRowsOfOneContactAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{rapid.SampledFrom([]string{"a@x", "B@x", "b@X", "ć@x"}).Draw(t, "contact"), rapid.SampledFrom([]string{"t1", "t2", "t3", ""}).Draw(t, "tag")}
		}), 1, 30).Draw(t, "rows")
		want := map[string]map[string]bool{}
		var text strings.Builder
		text.WriteString("email,tags\n")
		for _, r := range rows {
			contact := string(models.CanonicalContact([]byte(r[0])))
			if want[contact] == nil {
				want[contact] = map[string]bool{}
			}
			if r[1] != "" {
				want[contact][r[1]] = true
			}
			fmt.Fprintf(&text, "%s,%s\n", r[0], r[1])
		}
		k := newKept()
		cfg := Config{Batch: rapid.IntRange(1, 5).Draw(t, "batch"), Files: files.Config{Files: []string{"-"}, Stdin: strings.NewReader(text.String())}, Now: func() time.Time { return today }}
		s, err := Run(context.Background(), cfg, k.take)
		if err != nil || int(s.Contacts) != len(want) || int(s.Added) != len(want) || s.Changed != 0 {
			t.Fatalf("%+v, %v", s, err)
		}
		for contact, tags := range want {
			got, _ := k.props[contact]["tags"].([]any)
			if len(got) != len(tags) {
				t.Fatalf("%s has %v, want %v", contact, got, tags)
			}
			for _, tag := range got {
				if !tags[tag.(string)] {
					t.Fatalf("%s has %v, want %v", contact, got, tags)
				}
			}
		}
	})
}
