package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"orrery/stream/feed"
)

// catalogueCmd brings product feeds into a running engine.
type catalogueCmd struct {
	Import catalogueImportCmd `cmd:"" help:"Send a product feed to a running engine: what is new in it is written to the log."`
	Check  catalogueCheckCmd  `cmd:"" help:"Read a product feed and tell what it holds and what a person would mend. Nothing is sent."`
}

// Help says what a feed may be.
func (*catalogueCmd) Help() string {
	return "A feed is what the shop's platform writes: Google Merchant (RSS, Atom, TSV, CSV), Meta's catalogue CSV, Yandex YML, Heureka, the product exports of " +
		"Shopify and WooCommerce, JSON lines; plain or gzip. What it is is told from its content."
}

type catalogueImportCmd struct {
	File     string `arg:"" help:"The feed; - is standard input."`
	URL      string `name:"url" default:"http://127.0.0.1:8080" help:"Address of the engine."`
	Key      string `name:"http.secret-key" help:"Secret key of the shop, where it has one."`
	Shop     string `name:"shop" help:"The tenant, where the key is not bound to one."`
	Mode     string `name:"mode" enum:"update,full" default:"update" help:"update: what the feed does not name stays as it is. full: it is taken out, and what no feed has is hidden from frames."`
	Force    bool   `name:"force" help:"Take a full feed that has less than half of the products of the last one, or that breaks off."`
	Currency string `name:"currency" help:"Of prices that name none."`
}

// Run sends the feed as it is.
func (c *catalogueImportCmd) Run(ctx context.Context, all *cli) error {
	in, err := openFeed(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	address := strings.TrimSuffix(c.URL, "/") + "/v1/catalogue?" + url.Values{
		"shop": {c.Shop}, "mode": {c.Mode}, "force": {strconv.FormatBool(c.Force)},
	}.Encode()
	if c.Currency != "" {
		address += "&currency=" + url.QueryEscape(c.Currency)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, address, in)
	if err != nil {
		return fmt.Errorf("cannot send the feed to %q: %w", c.URL, err)
	}
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("cannot send the feed: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("cannot read what became of the feed: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("cannot take %q: %s: %s", c.File, resp.Status, bytes.TrimSpace(body))
	}
	if all.JSON {
		_, err := os.Stdout.Write(body)
		return err
	}
	var r feed.Report
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("cannot read what became of the feed: %w", err)
	}
	printReport(os.Stdout, &r)
	return nil
}

func openFeed(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the feed: %w", err)
	}
	return f, nil
}

func printReport(w io.Writer, r *feed.Report) {
	fmt.Fprintf(w, "%s, %s, %s\nproducts   %d\nadded      %d\nchanged    %d\nunchanged  %d\nretired    %d\nkept       %d\nunoffered  %d\nevents     %d\n",
		r.Platform, r.Format, r.Encoding, r.Products, r.Added, r.Changed, r.Unchanged, r.Retired, r.Kept, r.Unoffered, r.Events)
	fmt.Fprintf(w, "hidden     %d in no feed, %d taken out, %d sold out\nto mend    %d\n", r.Hidden.Unlisted, r.Hidden.Removed, r.Hidden.SoldOut, r.Mend)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  %s\n", p)
	}
}

type catalogueCheckCmd struct {
	File     string `arg:"" help:"The feed; - is standard input."`
	Currency string `name:"currency" help:"Of prices that name none."`
}

// errMend is the outcome of a check that found what costs products.
var errMend = errors.New("there are entries that are no products: see above")

// Run checks.
func (c *catalogueCheckCmd) Run(all *cli) error {
	in, err := openFeed(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	mend := 0
	lines := json.NewEncoder(os.Stdout)
	sum, products, err := feed.Check(in, feed.Options{Currency: c.Currency}, func(p feed.Problem) error {
		mend++
		if all.JSON {
			return lines.Encode(p)
		}
		_, err := fmt.Println(p)
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot read the feed %q: %w", c.File, err)
	}
	if all.JSON {
		err = lines.Encode(map[string]any{"summary": sum, "products": products, "mend": mend})
	} else {
		_, err = fmt.Printf("%s, %s, %s: %d entries, %d products, %d to mend\n", sum.Platform, sum.Format, sum.Encoding, sum.Entries, products, mend)
	}
	switch {
	case err != nil:
		return err
	case sum.Cut:
		return fmt.Errorf("the feed %q breaks off: its end is missing", c.File)
	case sum.Bad > 0:
		return errMend
	}
	return nil
}
