package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// exportCmd fetches data from a running engine.
type exportCmd struct {
	Contacts exportContactsCmd `cmd:"" help:"All contacts with their scores, as JSON lines."`
}

// exportContactsCmd asks a running engine for its contacts.
type exportContactsCmd struct {
	URL  string `name:"url" default:"http://127.0.0.1:8080" help:"Address of the engine."`
	Key  string `name:"http.secret-key" help:"Secret key of the shop, where it has one."`
	Shop string `name:"shop" help:"The tenant, where the key is not bound to one."`
	Out  string `name:"out" short:"o" default:"-" help:"File to write; - is standard output."`
}

// Run writes what comes as it comes: neither side holds more than a buffer of it.
func (c *exportContactsCmd) Run(ctx context.Context) error {
	out := io.Writer(os.Stdout)
	if c.Out != "-" {
		f, err := os.Create(c.Out)
		if err != nil {
			return fmt.Errorf("cannot export contacts: %w", err)
		}
		defer f.Close()
		if err := c.fetch(ctx, f); err != nil {
			return err
		}
		return f.Close()
	}
	return c.fetch(ctx, out)
}

func (c *exportContactsCmd) fetch(ctx context.Context, out io.Writer) error {
	address := strings.TrimSuffix(c.URL, "/") + "/v1/export/contacts?" + url.Values{"shop": {c.Shop}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return fmt.Errorf("cannot export contacts from %q: %w", c.URL, err)
	}
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("cannot export contacts: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return errors.Join(fmt.Errorf("cannot export contacts from %q: %s: %s", c.URL, resp.Status, strings.TrimSpace(string(body))), err)
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("cannot export contacts from %q to the end: %w", c.URL, err)
	}
	return nil
}
