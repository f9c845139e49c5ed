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
	"strings"
	"time"
)

type eraseCmd struct {
	Contact eraseContactCmd `cmd:"" help:"Forget a contact: what is known of it and of the browsers that are its alone. Its orders stay as nobody's."`
	Visitor eraseVisitorCmd `cmd:"" help:"Forget what a browser did. Its orders stay, as its contact's or as nobody's."`
	Prove   proveCmd        `cmd:"" help:"Search files, topics and answers for ids and what they may be known by; exit status 1 where something is found."`
	Log     eraseLogCmd     `cmd:"" help:"Rewrite the log of a stopped embedded broker without all who were erased, before its records expire."`
}

// engineFlags say where a running engine is.
type engineFlags struct {
	URL  string `name:"url" default:"http://127.0.0.1:8080" help:"Address of the engine."`
	Key  string `name:"http.secret-key" help:"Secret key of the shop, where it has one."`
	Shop string `name:"shop" help:"The tenant, where the key is not bound to one."`
}

// do asks the engine, and returns status and body.
func (f *engineFlags) do(ctx context.Context, method, path string) (status int, body []byte, err error) {
	return f.send(ctx, method, path, nil)
}

// send is do with a body, and with headers as names and values.
func (f *engineFlags) send(ctx context.Context, method, path string, content []byte, headers ...string) (status int, body []byte, err error) {
	address := strings.TrimSuffix(f.URL, "/") + path
	if f.Shop != "" {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		address += sign + url.Values{"shop": {f.Shop}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(content))
	if err != nil {
		return 0, nil, fmt.Errorf("url: cannot ask %q: %w", f.URL, err)
	}
	if f.Key != "" {
		req.Header.Set("Authorization", "Bearer "+f.Key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("url: cannot ask the engine: %w", err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	return resp.StatusCode, body, err
}

type eraseContactCmd struct {
	ID string `arg:"" help:"The contact."`
	engineFlags
	Wait time.Duration `name:"wait" default:"10s" help:"How long to wait until the engine has forgotten."`
}

// Run erases a contact.
func (c *eraseContactCmd) Run(ctx context.Context, all *cli) error {
	return erase(ctx, all, &c.engineFlags, "contact", "/v1/contacts/"+url.PathEscape(c.ID), c.Wait)
}

type eraseVisitorCmd struct {
	ID string `arg:"" help:"The visitor."`
	engineFlags
	Wait time.Duration `name:"wait" default:"10s" help:"How long to wait until the engine has forgotten."`
}

// Run erases a visitor.
func (c *eraseVisitorCmd) Run(ctx context.Context, all *cli) error {
	return erase(ctx, all, &c.engineFlags, "visitor", "/v1/visitors/"+url.PathEscape(c.ID), c.Wait)
}

// stays is what an erasure leaves, as it is told.
const stays = `In the log until it expires (--kafka.retention, 7 days unless set; dead letters 28): what the person's events said. A stopped embedded broker
is rewritten at once by: orrery erase log. For good: orders with their money, as nobody's; counts and weights that name nobody; the keyed hash
by which later imports are kept from bringing the person back, until an identify says "consent_after_erasure": true.`

func erase(ctx context.Context, all *cli, f *engineFlags, what, path string, wait time.Duration) error {
	status, body, err := f.do(ctx, http.MethodDelete, path)
	if err != nil {
		return err
	}
	if status != http.StatusAccepted {
		return fmt.Errorf("cannot erase the %s: %d %s", what, status, strings.TrimSpace(string(body)))
	}
	forgotten := false
	for end := time.Now().Add(wait); !forgotten && time.Now().Before(end); {
		if status, _, err = f.do(ctx, http.MethodGet, path); err != nil {
			return err
		}
		if forgotten = status == http.StatusNotFound; !forgotten {
			time.Sleep(20 * time.Millisecond)
		}
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"erasing": what, "forgotten": forgotten})
	}
	if !forgotten {
		fmt.Println("The erasure is in the log. The engine has not come to it yet.")
	} else {
		fmt.Printf("The erasure is in the log, and the engine has forgotten the %s.\n", what)
	}
	fmt.Println(stays)
	return nil
}

var errFound = errors.New("something was found")
