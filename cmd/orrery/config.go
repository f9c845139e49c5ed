package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// configCmd checks and prints the configuration that `serve` would run with.
type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Check flags, environment and file without starting anything."`
	Print configPrintCmd `cmd:"" help:"Print every setting with its value and where the value comes from."`
}

type configCheckCmd struct{ nodeFlags }

// Run validates the settings.
func (c *configCheckCmd) Run() error {
	if err := c.validate(); err != nil {
		return err
	}
	fmt.Println("The configuration is valid.")
	return nil
}

type configPrintCmd struct{ nodeFlags }

// setting is a line of `config print`.
type setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Run prints the settings.
func (c *configPrintCmd) Run(ctx *kong.Context, all *cli, s *settings) error {
	var list []setting
	for _, f := range ctx.Selected().Flags {
		if f.Name == "help" {
			continue
		}
		list = append(list, setting{Name: f.Name, Value: masked(f.Name, fmt.Sprint(ctx.FlagValue(f))), Source: s.sourceOf(ctx, f)})
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", l.Name, l.Value, l.Source)
	}
	return w.Flush()
}

func (s *settings) sourceOf(ctx *kong.Context, f *kong.Flag) string {
	for _, p := range ctx.Path {
		if p.Flag == f && !p.Resolved {
			return "flag"
		}
	}
	if from, ok := s.source[f.Name]; ok {
		return from
	}
	return "default"
}

// masked hides secrets, and the public key too: what is printed here is pasted into tickets.
func masked(name, value string) string {
	if value != "" && (secretFlag(name) || strings.HasSuffix(name, "-key")) {
		return "****"
	}
	return value
}

// secretFlag tells whether a flag's value is a secret, and not the name of the file that holds it.
func secretFlag(name string) bool {
	_, last, _ := strings.Cut(name, ".")
	return (strings.Contains(last, "secret") || strings.Contains(last, "password") || strings.Contains(last, "token")) && !strings.HasSuffix(last, "-file")
}

// shown returns the flags of a command line whose values are secrets: every user of the machine may see them there.
func shown(args []string) (names []string) {
	for _, a := range args {
		name, ok := strings.CutPrefix(a, "--")
		if name, _, _ = strings.Cut(name, "="); ok && secretFlag(name) {
			names = append(names, name)
		}
	}
	return names
}
