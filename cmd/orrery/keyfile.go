package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pelletier/go-toml/v2"

	"orrery/models"
	"orrery/serve"
)

// keyFile is what --http.keys names: a table [[key]] for each key.
type keyFile struct {
	Keys []fileKey `toml:"key"`
}

// fileKey is one key. Which scopes there are is open: a file that names one that this version does not know is refused.
type fileKey struct {
	Name          string    `toml:"name"`
	Shop          string    `toml:"shop"`
	Scope         string    `toml:"scope"`
	Key           string    `toml:"key"`
	ContactSecret string    `toml:"contact_secret"`
	Created       time.Time `toml:"created"`
	Until         time.Time `toml:"until"`
	ReplacedBy    string    `toml:"replaced_by"`
}

// Scopes of keys.
const (
	scopePublic = "public" // stands in the shop's pages
	scopeSecret = "secret" // stays on the shop's servers

	scopeOperator = "operator" // of whoever runs the server: all shops, metrics, the machine
)

// envPrefix has the keys read from an environment variable in place of a file.
const envPrefix = "env:"

// readKeys reads a file of keys. No error holds a key.
func readKeys(from string) ([]fileKey, error) {
	text, err := keyText(from)
	if err != nil {
		return nil, err
	}
	var file keyFile
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("cannot read the keys in %s: %s", from, withoutText(err))
	}
	if len(file.Keys) == 0 {
		return nil, fmt.Errorf("cannot read the keys in %s: there is no table [[key]]", from)
	}
	return file.Keys, checkKeys(file.Keys)
}

// withoutText names where a file is wrong without showing what stands there: that may be a key.
func withoutText(err error) string {
	var strict *toml.StrictMissingError
	var syntax *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		return fmt.Sprintf("there is no member %q", strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &syntax):
		line, column := syntax.Position()
		return fmt.Sprintf("line %d, column %d is not as TOML wants it", line, column)
	}
	return "it is not as it should be"
}

const maxKeyFile = 1 << 20

func keyText(from string) ([]byte, error) {
	if name, ok := strings.CutPrefix(from, envPrefix); ok {
		text, set := os.LookupEnv(name)
		if !set {
			return nil, fmt.Errorf("cannot read the keys: the environment has no %s", name)
		}
		return []byte(text), nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, fmt.Errorf("cannot read the keys: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read the keys: %w", err)
	}
	// Kubernetes mounts secrets as root's, readable by the process's group: that is as it should be.
	open := os.FileMode(0o077)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Getuid() {
		open = 0o037
	}
	if info.Mode().Perm()&open != 0 {
		return nil, fmt.Errorf("cannot read the keys in %s: others may read it (mode %04o): chmod 600 %s", from, info.Mode().Perm(), from)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = errors.New("it is larger than a MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the keys in %s: %w", from, err)
	}
	return text, nil
}

// checkKeys reports everything that is wrong with a list of keys, each by its name.
func checkKeys(keys []fileKey) error {
	var errs []error
	named := map[string]*fileKey{}
	for i := range keys {
		k := &keys[i]
		name := cmp.Or(k.Name, "key "+strconv.Itoa(i+1))
		check := func(ok bool, member, what string) {
			if !ok {
				errs = append(errs, fmt.Errorf("http.keys: %s: %s: %s", name, member, what))
			}
		}
		check(isName(k.Name), "name", "must be 1 to 64 of a-z, 0-9, -, _ and .")
		check(named[k.Name] == nil, "name", "is used twice")
		check(k.Scope == scopePublic || k.Scope == scopeSecret || k.Scope == scopeOperator, "scope", "must be public, secret or operator")
		check(k.Scope != scopeOperator || k.Shop == "", "shop", "must not be said: the operator's key is of all shops")
		check(len(k.Key) >= minKey, "key", weakKey)
		check(k.ContactSecret == "" || len(k.ContactSecret) >= minKey, "contact_secret", weakKey)
		check(k.ContactSecret == "" || k.Scope == scopePublic, "contact_secret", "is of public keys: a secret key proves nothing")
		check(len(k.Shop) <= models.MaxShop, "shop", "must not be longer than "+strconv.Itoa(models.MaxShop)+" bytes")
		check(!k.Created.IsZero(), "created", "is missing: when the key was made, like 2026-11-30T12:00:00Z")
		check(k.Until.IsZero() || k.Until.After(k.Created), "until", "must lie after created")
		named[k.Name] = k
	}
	for i := range keys {
		k := &keys[i]
		if k.ReplacedBy == "" {
			continue
		}
		next := named[k.ReplacedBy]
		switch {
		case next == nil || next == k:
			errs = append(errs, fmt.Errorf("http.keys: %s: replaced_by: no other key has the name %q", k.Name, k.ReplacedBy))
		case next.Scope != k.Scope || next.shop() != k.shop():
			errs = append(errs, fmt.Errorf("http.keys: %s: replaced_by: %s is of another shop or scope", k.Name, next.Name))
		}
	}
	return errors.Join(errs...)
}

// shop returns the shop that the key speaks for, "" for the operator's.
func (k *fileKey) shop() string {
	if k.Scope == scopeOperator {
		return ""
	}
	return cmp.Or(k.Shop, models.DefaultShop)
}

func isName(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// serve returns the key in the server's words.
func (k *fileKey) serve() serve.Key {
	out := serve.Key{Name: k.Name, Shop: k.shop(), ContactSecret: k.ContactSecret, Created: k.Created, Until: k.Until}
	switch k.Scope {
	case scopeOperator:
		out.Operator = k.Key
	case scopeSecret:
		out.Secret = k.Key
	default:
		out.Write = k.Key
	}
	return out
}
