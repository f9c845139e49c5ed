//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/stream/contacts"
)

// importContacts runs orrery import contacts and returns its summary and exit status.
func (i *instance) importContacts(t *testing.T, name string, args ...string) (s contacts.Summary, code int) {
	t.Helper()
	p := launch(t, i.dir, name, nil, append([]string{"--json", "import", "contacts", "--url", i.http}, args...)...)
	code = p.wait(t)
	if err := json.Unmarshal(p.output(t), &s); err != nil {
		t.Fatalf("%v: %s%s", err, p.output(t), tail(p.file("log"), 10))
	}
	return s, code
}

// A file of contacts is imported once; what is known is not written again, who was erased does not come back.
func TestImportContacts(t *testing.T) {
	i := newInstance(t)
	i.start()
	var text strings.Builder
	text.WriteString("E-Mail;Name;Tags;Newsletter;Ort\r\n")
	for n := range 3000 {
		fmt.Fprintf(&text, "Kunde%d@x.example;Kunde %d;\"a,t%d\";%s;Köln\r\n", n, n, n%7, []string{"ja", "nein"}[n%2])
	}
	text.WriteString("ohne-alles;x\r\n;Niemand;;;\r\n")
	file, rejects := filepath.Join(i.dir, "kunden.csv"), filepath.Join(i.dir, "rejects.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, code := i.importContacts(t, "dry", file, "--dry-run"); code != 1 || s.Contacts != 3000 || i.status("/v1/contacts/kunde7@x.example") != http.StatusNotFound {
		t.Fatalf("a dry run ends with %d, %+v", code, s)
	}
	s, code := i.importContacts(t, "first", file, "--rejects", rejects)
	if code != 1 || s.Rows != 3002 || s.Contacts != 3000 || s.Added != 3000 || s.Changed+s.Unchanged+s.Suppressed != 0 || s.Bad != 2 {
		t.Fatalf("the first import ends with %d, %+v", code, s)
	}
	if b, err := os.ReadFile(rejects); err != nil || strings.Count(string(b), "\n") != 3 {
		t.Errorf("rejects: %s, %v", b, err)
	}
	var profile struct{ Attributes map[string]any }
	i.get("/v1/contacts/kunde7@x.example", &profile)
	if got := fmt.Sprint(profile.Attributes); got != "map[email_consent:denied name:Kunde 7 ort:Köln tags:[a t0]]" {
		t.Errorf("kunde7 is %s", got)
	}
	before := len(i.readTopic("contacts"))
	i.erase(t, "/v1/contacts/kunde8@x.example")
	i.settle()
	s, _ = i.importContacts(t, "second", file)
	if s.Added+s.Changed != 0 || s.Unchanged != 2999 || s.Suppressed != 1 {
		t.Errorf("the second import is %+v", s)
	}
	if after := len(i.readTopic("contacts")); after != before+1 { // the erasure
		t.Errorf("the second import has written %d events", after-before-1)
	}
	if i.status("/v1/contacts/kunde8@x.example") != http.StatusNotFound {
		t.Error("who was erased has come back")
	}
	changed := strings.Replace(text.String(), "Kunde 7;", "Kundin 7;", 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, _ = i.importContacts(t, "third", file); s.Changed != 1 || s.Unchanged != 2998 {
		t.Errorf("the third import is %+v", s)
	}
}
