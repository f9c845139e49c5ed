package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// keysCmd makes and lists keys.
type keysCmd struct {
	New keysNewCmd  `cmd:"" help:"Make a key: prints a table for the file that --http.keys names."`
	Ls  keysListCmd `cmd:"" help:"List the keys of that file, without the keys themselves."`
}

type keysNewCmd struct {
	Name  string `name:"name" required:"" help:"What metrics and messages call the key: a-z, 0-9, -, _ and ."`
	Scope string `name:"scope" enum:"public,secret,operator" required:"" help:"public stands in the shop's pages, secret stays on its servers, operator is of whoever runs the server: all shops, /metrics and the machine."`
	Shop  string `name:"shop" help:"The shop that the key speaks for; without, it is default."`
}

// Run prints a new key. It is the one place where a key is shown.
func (c *keysNewCmd) Run() error {
	if !isName(c.Name) {
		return errors.New("name: must be 1 to 64 of a-z, 0-9 and the characters . - _")
	}
	if c.Scope == scopeOperator && c.Shop != "" {
		return errors.New("shop: the operator's key is of all shops: leave it out")
	}
	k := fileKey{Name: c.Name, Shop: c.Shop, Scope: c.Scope, Key: strings.ToLower(rand.Text()), Created: time.Now().UTC().Truncate(time.Second)}
	shop := ""
	if k.Scope != scopeOperator {
		shop = fmt.Sprintf("shop = %q\n", k.shop())
	}
	fmt.Printf("[[key]]\nname = %q\nscope = %q\n%skey = %q\ncreated = %s\n", k.Name, k.Scope, shop, k.Key, k.Created.Format(time.RFC3339))
	return nil
}

type keysListCmd struct {
	File string `name:"http.keys" required:"" placeholder:"FILE" help:"The file."`
}

// keyLine is a line of "keys ls".
type keyLine struct {
	Name       string     `json:"name"`
	Scope      string     `json:"scope"`
	Shop       string     `json:"shop"`
	Created    time.Time  `json:"created"`
	Until      *time.Time `json:"until,omitempty"`
	ReplacedBy string     `json:"replaced_by,omitempty"`
}

// Run lists the keys.
func (c *keysListCmd) Run(all *cli) error {
	keys, err := readKeys(c.File)
	if err != nil {
		return err
	}
	lines := make([]keyLine, len(keys))
	for i := range keys {
		k := &keys[i]
		lines[i] = keyLine{Name: k.Name, Scope: k.Scope, Shop: k.shop(), Created: k.Created, ReplacedBy: k.ReplacedBy}
		if !k.Until.IsZero() {
			lines[i].Until = &k.Until
		}
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(lines)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tscope\tshop\tcreated\tuntil\treplaced by")
	for _, l := range lines {
		until := "-"
		if l.Until != nil {
			until = l.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.Scope, l.Shop, l.Created.Format(time.RFC3339), until, l.ReplacedBy)
	}
	return w.Flush()
}
