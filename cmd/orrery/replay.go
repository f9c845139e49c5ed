package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // --time-zone, on machines without zones

	"orrery/stream"
	"orrery/stream/files"
)

// replayCmd sends files of shop events into the stream.
type replayCmd struct {
	Cluster clusterFlags `embed:""`

	Files  []string `arg:"" name:"file" help:"CSV, TSV, JSON (lines or an array), xlsx or basket files, plain or in gzip, zstd or zip; - is standard input."`
	Preset string   `name:"preset" help:"Column map of a known data set: ${presets}."`
	Format string   `name:"format" help:"csv, tsv, jsonl, lines or histories; by default what the file's name says."`
	Map    []string `name:"map" sep:"none" placeholder:"FIELD=COLUMN" help:"Column of an event's field; FIELD==TEXT is a constant, FIELD.VALUE=TEXT what a value is read as, where COLUMN = VALUE a rule. All of it is below."`
	Group  []string `name:"group" help:"Columns: rows with equal values in all of them are one event with several items, wherever they stand. By default the order's column."`

	Join          []string      `name:"join" sep:"none" placeholder:"FILE:COLUMN=COLUMN" help:"Put the rows of another file to those of the files, by columns with equal values: orders.csv --join items.csv:id=order_id. May be said several times. The other file lies in memory, 2 GiB of it at most: join the smaller to the larger."`
	Together      bool          `name:"together" help:"Rows of one event stand together in the files: they need not be held until the end."`
	Rejects       string        `name:"rejects" placeholder:"FILE" help:"Write the rows that were not sent there, as CSV: file, line, reason."`
	ItemSeparator string        `name:"item-separator" help:"Splits the item column into several items."`
	TimeLayout    string        `name:"time-layout" help:"rfc3339, s, ms, us, ns (since 1970), datetime, date, yyyymmdd, yyyymmddhhmm, yyyymmddhhmmss, dmy or mdy (04/10/2024 with the day or the month first) or a layout of Go's time package; by default told from the shape."`
	Start         string        `name:"start" help:"Time of the first event of a file without times, RFC 3339."`
	Step          time.Duration `name:"step" help:"Time between events of a file without times; one minute by default."`
	Shop          string        `name:"shop" help:"Shop of events for which no column is mapped."`
	Currency      string        `name:"currency" help:"Currency of events for which no column is mapped."`
	Sheet         string        `name:"sheet" help:"Sheet of a workbook (xlsx); by default the first that is shown."`
	Separator     string        `name:"separator" help:"Between columns: , ; | or tab. This and the next four are by default what the first rows of a file say; the summary names what was taken."`
	Quote         string        `name:"quote" help:"Around columns: one character, or none."`
	Encoding      string        `name:"encoding" help:"utf-8, utf-16le, utf-16be, windows-1252, windows-1250, iso-8859-1, iso-8859-2 or iso-8859-15."`
	Decimal       string        `name:"decimal" help:"Decimal mark, . or , for numbers that can be read either way, as 1,299."`
	TimeZone      string        `name:"time-zone" help:"Zone of times without one, as Europe/Warsaw; UTC by default."`
	DryRun        bool          `name:"dry-run" help:"Send nothing: read the files, and show how they are written, the first five events and the summary."`
	Sort          bool          `name:"sort" help:"Send in the order of time instead of the file's; holds the file in memory."`
	Limit         int64         `name:"limit" help:"End after so many events."`
	Strict        bool          `name:"strict" help:"End at the first row that cannot be understood."`
	Speed         float64       `name:"speed" help:"Keep the original spacing, divided by this factor; 0 sends flat out."`
	Rate          float64       `name:"rate" help:"At most so many events a second; 0 is no bound."`
	Quiet         bool          `name:"quiet" help:"No progress."`
}

// Help says what the presets read.
func (*replayCmd) Help() string {
	text := "Fields of --map: " + strings.Join(files.Fields(), ", ") + ".\n\n--map can be:\n\n" +
		strings.ReplaceAll(files.MapHelp, "\n", "\n\n") + ".\n\nPresets:"
	for _, name := range replayPresets() {
		text += "\n\n" + name + ": " + aboutPreset(name) + "."
	}
	return text
}

// Run replays.
func (c *replayCmd) Run(ctx context.Context, all *cli) error {
	if _, ok := feedPresets[c.Preset]; ok {
		return c.feeds(ctx, all)
	}
	cfg := files.Config{
		Files: c.Files, Preset: c.Preset, Format: files.Format(c.Format), Map: c.Map, Group: c.Group,
		ItemSeparator: c.ItemSeparator, TimeLayout: c.TimeLayout, Step: c.Step, Shop: c.Shop, Currency: c.Currency,
		Join: c.Join, Together: c.Together, Sort: c.Sort, Limit: c.Limit, Strict: c.Strict, Speed: c.Speed, Rate: c.Rate,
	}
	if c.Start != "" {
		at, err := time.Parse(time.RFC3339, c.Start)
		if err != nil {
			return fmt.Errorf("start: %w", err)
		}
		cfg.Start = at
	}
	if err := c.dialect(&cfg); err != nil {
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
	sink, preview, stop, err := c.sink()
	if err != nil {
		return err
	}
	defer stop()
	summary, err := files.Run(ctx, cfg, sink, c.progress())
	if preview != nil {
		return c.end(all, summary, err, preview.Events)
	}
	return c.end(all, summary, err, nil)
}

// sink returns what events are sent to: with --dry-run a preview, which is returned as well.
func (c *replayCmd) sink() (sink files.Sink, preview *files.Preview, stop func(), err error) {
	if c.DryRun {
		preview = &files.Preview{}
		return preview, preview, func() {}, nil
	}
	cluster, err := c.Cluster.cluster()
	if err != nil {
		return nil, nil, nil, err
	}
	bulk, err := stream.NewBulk(cluster)
	if err != nil {
		return nil, nil, nil, err
	}
	return bulk, nil, bulk.Close, nil
}

// end prints what was sent, if anything was read, and says whether all was understood.
func (c *replayCmd) end(all *cli, s files.Summary, err error, preview []json.RawMessage) error {
	if err != nil && s.Rows == 0 {
		return err
	}
	err = errors.Join(err, c.print(all, s, preview))
	if err == nil {
		err = s.Err()
	}
	return err
}

// dialect takes over the flags that say how files are written.
func (c *replayCmd) dialect(cfg *files.Config) (err error) {
	cfg.Sheet = c.Sheet
	cfg.Quote, cfg.Encoding, cfg.Decimal = c.Quote, strings.ToLower(c.Encoding), c.Decimal
	if c.Separator == "tab" || c.Separator == `\t` {
		c.Separator = "\t"
	}
	if len(c.Separator) > 1 {
		return fmt.Errorf("unknown separator %q: it is one character, or tab", c.Separator)
	}
	if c.Separator != "" {
		cfg.Separator = c.Separator[0]
	}
	if c.TimeZone != "" {
		if cfg.Location, err = time.LoadLocation(c.TimeZone); err != nil {
			return fmt.Errorf("time-zone: %w", err)
		}
	}
	return nil
}

func (c *replayCmd) progress() files.Progress {
	if c.Quiet {
		return silent{}
	}
	return files.NewPrinter(os.Stderr, terminal(os.Stderr))
}

// silent is told of progress and says nothing.
type silent struct{}

func (silent) Status(files.Status) {}
func (silent) Bad(files.BadRow)    {}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (c *replayCmd) print(all *cli, s files.Summary, preview []json.RawMessage) error {
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(struct {
			files.Summary
			DryRun  bool              `json:"dry_run,omitempty"`
			Preview []json.RawMessage `json:"first_events,omitempty"`
		}{s, c.DryRun, preview})
	}
	for _, event := range preview {
		fmt.Printf("%s\n", event)
	}
	if c.DryRun {
		fmt.Println("dry run: nothing was sent")
	}
	return s.Print(os.Stdout)
}

var _ files.Sink = (*stream.Bulk)(nil)
