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
	"text/tabwriter"
	"time"

	"orrery/stream/contacts"
	"orrery/stream/files"
)

// importGroup brings what a shop knows into a running engine.
type importGroup struct {
	Contacts importContactsCmd `cmd:"" help:"Contacts with attributes, tags and consents, from CSV, TSV, JSON lines or workbooks."`
}

// dialectFlags say how files are written.
type dialectFlags struct {
	Format     string `name:"format" help:"csv, tsv or jsonl; by default what name and content say."`
	Sheet      string `name:"sheet" help:"Sheet of a workbook (xlsx); by default the first that is shown."`
	Separator  string `name:"separator" help:"Between columns: , ; | or tab. This and the next three are by default what the first rows of a file say."`
	Quote      string `name:"quote" help:"Around columns: one character, or none."`
	Encoding   string `name:"encoding" help:"utf-8, utf-16le, utf-16be, windows-1252, windows-1250, iso-8859-1, iso-8859-2 or iso-8859-15."`
	Decimal    string `name:"decimal" help:"Decimal mark, . or , for numbers that can be read either way, as 1,299."`
	TimeLayout string `name:"time-layout" help:"How times are written, as in replay; by default told from the shape."`
	TimeZone   string `name:"time-zone" help:"Zone of times without one, as Europe/Warsaw; UTC by default."`
}

// fill takes the flags over.
func (f *dialectFlags) fill(cfg *files.Config) error {
	cfg.Format, cfg.TimeLayout = files.Format(f.Format), f.TimeLayout
	r := replayCmd{Sheet: f.Sheet, Separator: f.Separator, Quote: f.Quote, Encoding: f.Encoding, Decimal: f.Decimal, TimeZone: f.TimeZone}
	return r.dialect(cfg)
}

type importContactsCmd struct {
	Files   []string `arg:"" name:"file" help:"CSV, TSV, JSON (lines or an array) or xlsx, plain or in gzip, zstd or zip; - is standard input."`
	Map     []string `name:"map" sep:"none" placeholder:"NAME=COLUMN" help:"What a column is; without it the header says. All of it is below."`
	Drop    []string `name:"drop" sep:"none" placeholder:"COLUMN" help:"Leave a column out."`
	Only    bool     `name:"only" help:"Take what the map names, address, tags and consents; no other column as an attribute."`
	DryRun  bool     `name:"dry-run" help:"Send nothing: read the files, and show what the columns were taken as, the first five contacts and the summary."`
	Rejects string   `name:"rejects" placeholder:"FILE" help:"Write the rows that were not taken there, as CSV: file, line, reason."`
	Quiet   bool     `name:"quiet" help:"No progress."`
	dialectFlags
	engineFlags

	reached bool // the engine, once
}

// Help says what the map can be.
func (*importContactsCmd) Help() string {
	return "What the engine knows already is not written again: a second import of the same file writes nothing. Who was erased is left out, and counted. An empty cell " +
		"takes nothing away. Rows of one contact are one: tags gather, the last value counts, and of two words about one consent no wins.\n\n--map can be:\n\n" +
		strings.ReplaceAll(contacts.MapHelp, "\n", "\n\n") + "."
}

// Run imports.
func (c *importContactsCmd) Run(ctx context.Context, all *cli) (err error) {
	cfg := contacts.Config{Files: files.Config{Files: c.Files}, Map: c.Map, Drop: c.Drop, Only: c.Only}
	if err := c.fill(&cfg.Files); err != nil {
		return err
	}
	if c.Rejects != "" {
		rejects, err := os.Create(c.Rejects)
		if err != nil {
			return fmt.Errorf("rejects: %w", err)
		}
		defer rejects.Close()
		cfg.Rejects = rejects
	}
	if !c.Quiet && terminal(os.Stderr) {
		cfg.Progress = func(sent int64) { fmt.Fprintf(os.Stderr, "\r%d contacts", sent) }
		defer fmt.Fprintln(os.Stderr)
	}
	var preview []json.RawMessage
	sink := c.send
	if c.DryRun {
		sink = func(_ context.Context, lines []byte, _ bool) (contacts.Answer, error) {
			for line := range bytes.Lines(lines) {
				if len(preview) < 5 {
					preview = append(preview, bytes.Clone(bytes.TrimSpace(line)))
				}
			}
			return contacts.Answer{}, nil
		}
	}
	summary, err := contacts.Run(ctx, cfg, sink)
	if err != nil && summary.Rows == 0 {
		return err
	}
	if err = errors.Join(err, c.print(all, &summary, preview)); err != nil {
		return err
	}
	return summary.Err()
}

// send sends a batch. An engine that has no room is asked again: the ids are the same, so what it has taken is not taken twice.
func (c *importContactsCmd) send(ctx context.Context, lines []byte, last bool) (a contacts.Answer, err error) {
	address := strings.TrimSuffix(c.URL, "/") + "/v1/contacts?" + url.Values{"shop": {c.Shop}, "wait": {strconv.FormatBool(last)}}.Encode()
	for try := 1; ; try++ {
		status, body, err := c.post(ctx, address, lines)
		switch {
		case err != nil:
			err = fmt.Errorf("url: cannot reach the engine: %w", err)
		case status == http.StatusOK:
			c.reached = true
			if err := json.Unmarshal(body, &a); err != nil {
				return a, fmt.Errorf("cannot read the engine's answer: %w", err)
			}
			return a, nil
		default:
			err = fmt.Errorf("the engine at %s answers %d %s", c.URL, status, bytes.TrimSpace(body))
		}
		if ctx.Err() != nil || try == 30 || status == 0 && !c.reached || status != 0 && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			return a, err
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (c *importContactsCmd) post(ctx context.Context, address string, lines []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(lines))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return resp.StatusCode, body, err
}

func (c *importContactsCmd) print(all *cli, s *contacts.Summary, preview []json.RawMessage) error {
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(struct {
			*contacts.Summary
			DryRun  bool              `json:"dry_run,omitempty"`
			Preview []json.RawMessage `json:"first_contacts,omitempty"`
		}{s, c.DryRun, preview})
	}
	for _, line := range preview {
		fmt.Printf("%s\n", line)
	}
	if c.DryRun {
		fmt.Println("dry run: nothing was sent")
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for i := range s.Dialects {
		fmt.Fprintf(w, "read\t%s\n", &s.Dialects[i])
	}
	for _, column := range s.Columns {
		fmt.Fprintf(w, "column\t%s is %s\n", column.Name, column.As)
	}
	fmt.Fprintf(w, "rows\t%d\ncontacts\t%d in %s", s.Rows, s.Contacts, s.Elapsed.Round(time.Millisecond))
	if s.Joined > 0 {
		fmt.Fprintf(w, ", %d rows were further ones of a contact", s.Joined)
	}
	if !c.DryRun {
		fmt.Fprintf(w, "\nadded\t%d\nchanged\t%d\nunchanged\t%d\nsuppressed\t%d, erased before", s.Added, s.Changed, s.Unchanged, s.Suppressed)
	}
	fmt.Fprintln(w)
	for _, text := range s.Notes() {
		fmt.Fprintf(w, "noted\t%s\n", text)
	}
	if s.Bad > 0 {
		fmt.Fprintf(w, "bad rows\t%d not taken, the first at %s\n", s.Bad, s.First[0])
	}
	return w.Flush()
}
