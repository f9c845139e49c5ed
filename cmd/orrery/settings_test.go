package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/models"
)

// output runs the command line and returns what it prints and its exit code.
func output(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	read := func(target **os.File) func() string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		old := *target
		*target = w
		text := make(chan string)
		go func() {
			b, _ := io.ReadAll(r)
			text <- string(b)
		}()
		return func() string {
			*target = old
			w.Close()
			return <-text
		}
	}
	out, err := read(&os.Stdout), read(&os.Stderr)
	code = run(args)
	return out(), err(), code
}

func printed(t *testing.T, args ...string) map[string]setting {
	t.Helper()
	stdout, stderr, code := output(t, append([]string{"config", "print", "--json"}, args...)...)
	if code != 0 {
		t.Fatalf("config print: exit code %d: %s", code, stderr)
	}
	var list []setting
	if err := json.Unmarshal([]byte(stdout), &list); err != nil {
		t.Fatalf("config print: %v in %q", err, stdout)
	}
	byName := map[string]setting{}
	for _, s := range list {
		byName[s.Name] = s
	}
	return byName
}

func TestSettingsPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orrery.toml")
	text := "[neighbours]\nbound = 256\n[http]\nlisten = \"127.0.0.1:1\"\norigins = [\"https://a\", \"https://b\"]\n[social]\nfloor = 5\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ORRERY_HTTP_LISTEN", "127.0.0.1:2")
	t.Setenv("ORRERY_SOCIAL_FLOOR", "6")
	got := printed(t, "--config", file, "--social.floor", "7")
	f := func(name, value, source string) {
		t.Helper()
		if g := got[name]; g.Value != value || !strings.HasPrefix(g.Source, source) {
			t.Errorf("%s: got %q from %q, want %q from %q", name, g.Value, g.Source, value, source)
		}
	}
	f("social.floor", "7", "flag")
	f("http.listen", "127.0.0.1:2", "environment ORRERY_HTTP_LISTEN")
	f("neighbours.bound", "256", "file ")
	f("http.origins", "[https://a https://b]", "file ")
	f("history.items", "128", "default")
}

func TestSettingsSecretsAreMasked(t *testing.T) {
	const hush = "hush-hush-hush-hush"
	got := printed(t, "--http.write-key", "write-"+hush, "--http.secret-key", hush, "--http.contact-secret", hush, "--admin.token", hush,
		"--kafka.password", hush, "--kafka.password-file", "secrets/kafka")
	for _, name := range []string{"http.write-key", "http.secret-key", "http.contact-secret", "admin.token", "kafka.password"} {
		if v := got[name].Value; v != "****" {
			t.Errorf("%s is printed as %q", name, v)
		}
	}
	if v := got["kafka.password-file"].Value; v != "secrets/kafka" {
		t.Errorf("kafka.password-file is printed as %q", v)
	}
	if v := got["http.listen"].Value; v != "127.0.0.1:8080" {
		t.Errorf("http.listen is printed as %q", v)
	}
	for name, s := range got {
		if strings.Contains(s.Value, hush) {
			t.Errorf("%s is printed as %q", name, s.Value)
		}
	}
}

// A dead letter has no fewer than no bytes.
func TestDeadletterBytes(t *testing.T) {
	if _, stderr, code := output(t, "deadletter", "ls", "--bytes=-1", "--kafka.brokers", "127.0.0.1:1"); code == 0 || !strings.Contains(stderr, "bytes: must not be negative") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// A topic may be named as it is listed, with its prefix; one that nothing is read from is refused.
func TestDeadletterTopic(t *testing.T) {
	for _, name := range []string{"pageviews", "orrery.pageviews"} {
		f := letterFlags{Cluster: clusterFlags{Prefix: "orrery."}, Topic: name}
		if filter, err := f.filter(); err != nil || filter.Topic != models.Pageviews {
			t.Errorf("%s: %q, %v", name, filter.Topic, err)
		}
	}
	f := letterFlags{Topic: "pageview"}
	if _, err := f.filter(); err == nil || !strings.HasPrefix(err.Error(), `topic: no record is read from "pageview"`) {
		t.Error(err)
	}
}

// An edge of money is what was typed: 1.1 of a currency is no millionth less.
func TestEdgesOfMoney(t *testing.T) {
	f := nodeFlags{Monetary: []float64{0.57, 1.1, 2.01, 19.99}}
	if got := *f.rules().Monetary; got != [4]models.Money{570_000, 1_100_000, 2_010_000, 19_990_000} {
		t.Error(got)
	}
}

func TestSettingsRefused(t *testing.T) {
	f := func(file, want string, args ...string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "orrery.toml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := output(t, append([]string{"config", "check", "--config", path}, args...)...)
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%q %v: exit code %d, %q; want an error with %q", file, args, code, stderr, want)
		}
	}
	f("[http]\nlissten = \"x\"\n", `no setting "http.lissten"`)
	f("not toml", "cannot read the configuration")
	f("", "history.items: must lie between", "--history.items", "2000")
	f("", "snapshot.every: must be positive", "--snapshot.every", "0s")
	f("", "write key and secret key", "--http.write-key", "w")
	f("", "http.write-key: must differ", "--http.write-key", "0123456789abcdef", "--http.secret-key", "0123456789abcdef")
	f("", "http.write-key: must have at least 16 characters; make one with", "--http.write-key", "w", "--http.secret-key", "0123456789abcdef")
	f("", "http.secret-key: must have at least 16 characters", "--http.write-key", "0123456789abcdef", "--http.secret-key", "s")
	f("", "http.shop: needs keys", "--http.shop", "north")
	f("", "http.contact-secret: needs keys", "--http.contact-secret", "s")
	f("", "social.floor: must be positive", "--social.floor", "0")
	f("", "bots.pace: must lie between 1 and 250", "--bots.pace", "300")
	f("", "kafka.tls, kafka.sasl: need --kafka.brokers", "--kafka.tls")
	f("", "kafka.tls, kafka.sasl: a login needs a user", "--kafka.brokers", "b:1", "--kafka.sasl", "PLAIN")
	f("", "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", "--kafka.brokers", "b:1", "--kafka.sasl", "x", "--kafka.user", "u", "--kafka.password", "p")
	f("", "kafka.tls, kafka.sasl: cannot read the authorities", "--kafka.brokers", "b:1", "--kafka.tls-ca-file", "none")
	f("", "kafka.group: must not be empty", "--kafka.group", "")
	f("", "http.drain: must not be negative", "--http.drain=-1s")
	f("", "http.max-lag: must not be negative", "--http.max-lag=-1")
	f("", "ingest.max-lag: must not be negative", "--ingest.max-lag=-1")
	f("", "kafka.quota: must be at least 64MiB", "--kafka.quota", "1MiB")
	f("", `"1 pound" is no size`, "--kafka.quota", "1 pound")
	f("", "kafka.retention: must be positive", "--kafka.retention", "0s")
	f("[http]\norigins = [\"*\", \"https://shop.example:8443\", \"https://shop.example/\"]\n", `http.origins: "https://shop.example/" is not`)
	f("", "http.origins", "--http.origins", "shop.example")
	f("", "http.origins", "--http.origins", "https://Shop.example") // browsers write it in lower case
	f("", "admin.token: must have at least 16 characters", "--admin.token", "short")
	f("", `http.hosts: "shop.example:80" is not`, "--http.hosts", "shop.example:80")
	f("", `http.hosts: "https://shop.example" is not`, "--http.hosts", "https://shop.example")
	f("", `admin.hosts: "*x" is not`, "--admin.hosts", "*x")
	f("", "unexpected argument", "surplus")
}
