package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// settings resolves flags that the command line leaves open: from the environment, then from the configuration file.
type settings struct {
	file   string
	values map[string]any    // dotted name: value, of the file
	source map[string]string // flag: where its value came from, for `config print`
}

func newSettings() *settings {
	return &settings{values: map[string]any{}, source: map[string]string{}}
}

// envName returns the environment variable of a flag: http.listen is ORRERY_HTTP_LISTEN.
func envName(flag string) string {
	return "ORRERY_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(flag))
}

// load reads the configuration file that --config or ORRERY_CONFIG names. It runs before the command line is parsed,
// because parsing asks for its values.
func (s *settings) load(args []string) error {
	s.file = os.Getenv(envName("config"))
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			s.file = v
		} else if a == "--config" && i+1 < len(args) {
			s.file = args[i+1]
		}
	}
	if s.file == "" {
		return nil
	}
	data, err := os.ReadFile(s.file)
	if err != nil {
		return fmt.Errorf("cannot read the configuration: %w", err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return fmt.Errorf("cannot read the configuration %q: %w", s.file, err)
	}
	flatten(s.values, "", tree)
	return nil
}

func flatten(into map[string]any, prefix string, tree map[string]any) {
	for name, v := range tree {
		if sub, ok := v.(map[string]any); ok {
			flatten(into, prefix+name+".", sub)
			continue
		}
		into[prefix+name] = v
	}
}

// Validate implements kong.Resolver.
func (s *settings) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: flag > environment > file > default.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if v, ok := os.LookupEnv(envName(flag.Name)); ok {
		s.source[flag.Name] = "environment " + envName(flag.Name)
		return v, nil
	}
	if v, ok := s.values[flag.Name]; ok {
		s.source[flag.Name] = "file " + s.file
		if list, ok := v.([]any); ok {
			return strings.Join(texts(list), ","), nil
		}
		return fmt.Sprint(v), nil
	}
	return nil, nil
}

func texts(list []any) (out []string) {
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// unknown returns an error for names in the file that no flag has: a misspelt setting must not be ignored.
func (s *settings) unknown(model *kong.Application) error {
	known := map[string]bool{}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			known[f.Name] = true
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(model.Node)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		if !known[name] {
			errs = append(errs, fmt.Errorf("configuration %q: there is no setting %q", s.file, name))
		}
	}
	return errors.Join(errs...)
}
