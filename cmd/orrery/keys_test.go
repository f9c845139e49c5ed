package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orrery/serve"
)

const (
	testWrite  = "0123456789abcdef-write"
	testSecret = "0123456789abcdef-secret"
)

func keyFileOf(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.toml")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

const twoKeys = `[[key]]
name = "pages-1"
scope = "public"
shop = "north"
key = "0123456789abcdef-pages-1"
created = 2026-11-30T12:00:00Z
until = 2027-01-31T00:00:00Z
replaced_by = "pages-2"
contact_secret = "0123456789abcdef-proof"

[[key]]
name = "pages-2"
scope = "public"
shop = "north"
key = "0123456789abcdef-pages-2"
created = 2026-12-30T12:00:00Z

[[key]]
name = "server"
scope = "secret"
key = "0123456789abcdef-server"
created = 2026-11-30T12:00:00Z
`

// The server gets the keys that are set, by flags and by the file, and none in development mode.
func TestKeysOfSettings(t *testing.T) {
	f := func(flags nodeFlags, want ...serve.Key) {
		t.Helper()
		got, err := flags.keys()
		if err != nil || len(got) != len(want) {
			t.Fatalf("%+v, %v", got, err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("got %+v, want %+v", got[i], want[i])
			}
		}
	}
	f(nodeFlags{})
	pair := []serve.Key{{Name: "http.write-key", Shop: "north", Write: testWrite, ContactSecret: "c"}, {Name: "http.secret-key", Shop: "north", Secret: testSecret}}
	f(nodeFlags{Shop: "north", WriteKey: testWrite, SecretKey: testSecret, Proof: "c"}, pair...)
	day := func(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 0, 0, 0, time.UTC) }
	file := []serve.Key{
		{Name: "pages-1", Shop: "north", Write: "0123456789abcdef-pages-1", ContactSecret: "0123456789abcdef-proof", Created: day(2026, 11, 30, 12), Until: day(2027, 1, 31, 0)},
		{Name: "pages-2", Shop: "north", Write: "0123456789abcdef-pages-2", Created: day(2026, 12, 30, 12)},
		{Name: "server", Shop: "default", Secret: "0123456789abcdef-server", Created: day(2026, 11, 30, 12)},
	}
	path := keyFileOf(t, twoKeys, 0o600)
	f(nodeFlags{Keys: path}, file...)
	f(nodeFlags{Shop: "north", WriteKey: testWrite, SecretKey: testSecret, Proof: "c", Keys: path}, append(pair, file...)...)
	t.Setenv("SHOP_KEYS", twoKeys)
	f(nodeFlags{Keys: "env:SHOP_KEYS"}, file...)
}

func TestKeyFileRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, stderr, code := output(t, "config", "check", "--http.keys", keyFileOf(t, text, 0o600))
		if code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, %q; want an error with %q", code, stderr, want)
		}
		if strings.Contains(stderr, "0123456789abcdef") {
			t.Errorf("a key is shown: %s", stderr)
		}
	}
	change := func(old, new string) string {
		t.Helper()
		if !strings.Contains(twoKeys, old) {
			t.Fatalf("%q is not there", old)
		}
		return strings.Replace(twoKeys, old, new, 1)
	}
	f(change(`"0123456789abcdef-server"`, `"short"`), "http.keys: server: key: must have at least 16 characters; make one with")
	f(change(`scope = "secret"`, `scope = "god"`), "http.keys: server: scope: must be public, secret or operator")
	f(change(`name = "server"`, `name = "pages-1"`), "http.keys: pages-1: name: is used twice")
	f(change(`name = "server"`, `name = "A\u001b"`), "name: must be 1 to 64 of")
	f(change(`replaced_by = "pages-2"`, `replaced_by = "pages-3"`), `http.keys: pages-1: replaced_by: no other key has the name "pages-3"`)
	f(change(`replaced_by = "pages-2"`, `replaced_by = "server"`), "replaced_by: server is of another shop or scope")
	f(change("until = 2027-01-31", "until = 2025-01-31"), "http.keys: pages-1: until: must lie after created")
	f(change("created = 2026-12-30T12:00:00Z", ""), "http.keys: pages-2: created: is missing")
	f(change(`key = "0123456789abcdef-server"`, `key = "0123456789abcdef-server`), "is not as TOML wants it")
	f(change(`scope = "secret"`, "scope = \"secret\"\nsecrret = \"0123456789abcdef\""), `there is no member "key.secrret"`)
	f("", "there is no table [[key]]")
	f("# nothing\n", "there is no table [[key]]")
	for mode, refused := range map[os.FileMode]bool{0o644: true, 0o640: true, 0o604: true, 0o600: false, 0o400: false} {
		path := keyFileOf(t, twoKeys, mode)
		if _, stderr, code := output(t, "config", "check", "--http.keys", path); (code != 0) != refused || refused && !strings.Contains(stderr, "chmod 600 "+path) {
			t.Errorf("mode %o: exit code %d, %s", mode, code, stderr)
		}
	}
}

// Secrets that every user of the machine can see are named at the start.
func TestSecretsOnTheCommandLine(t *testing.T) {
	got := shown([]string{"serve", "--http.write-key", testWrite, "--http.secret-key", testSecret, "--admin.token=" + testSecret, "--kafka.password-file", "file", "--http.shop", "--secret", "-"})
	if want := []string{"http.secret-key", "admin.token"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A key that was made is taken, and lists do not show it.
func TestKeysNew(t *testing.T) {
	made, stderr, code := output(t, "keys", "new", "--name", "pages", "--scope", "public", "--shop", "north")
	if code != 0 {
		t.Fatal(stderr)
	}
	again, _, _ := output(t, "keys", "new", "--name", "server", "--scope", "secret")
	path := keyFileOf(t, made+again, 0o600)
	keys, err := readKeys(path)
	if err != nil || len(keys) != 2 || keys[0].Shop != "north" || keys[1].Shop != "default" || len(keys[0].Key) < 24 || keys[0].Key == keys[1].Key {
		t.Fatalf("%+v, %v", keys, err)
	}
	for _, args := range [][]string{{"keys", "ls", "--http.keys", path}, {"keys", "ls", "--json", "--http.keys", path}, {"config", "print", "--http.keys", path}} {
		stdout, stderr, code := output(t, args...)
		if code != 0 || strings.Contains(stdout+stderr, keys[0].Key) || strings.Contains(stdout+stderr, keys[1].Key) {
			t.Errorf("%v: %d %s %s", args, code, stdout, stderr)
		}
		if args[0] == "keys" && (!strings.Contains(stdout, "pages") || !strings.Contains(stdout, "north")) {
			t.Errorf("%v: %s", args, stdout)
		}
	}
}
