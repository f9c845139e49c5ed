package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"orrery/models"
	"orrery/stream"
)

type deadletterCmd struct {
	Ls     letterListCmd   `cmd:"" help:"List records that could not be understood: where they came from, why, and their bytes."`
	Replay letterReplayCmd `cmd:"" help:"Send them back to the topics they came from; what is understood by now counts, once."`
}

// letterFlags pick dead letters.
type letterFlags struct {
	Cluster clusterFlags  `embed:""`
	Class   string        `name:"class" help:"Only those refused for this reason, such as wrong_type."`
	Topic   string        `name:"topic" help:"Only those from this topic, such as pageviews."`
	Since   time.Duration `name:"since" help:"Only those of so long ago at most."`
}

// filter reads the flags. A topic may be named as `deadletter ls` prints it, with its prefix.
func (f *letterFlags) filter() (filter stream.LetterFilter, err error) {
	filter = stream.LetterFilter{Class: f.Class, Topic: models.Topic(strings.TrimPrefix(f.Topic, f.Cluster.Prefix))}
	known := []models.Topic{"", models.Pageviews, models.Transactions, models.Contacts, models.Catalogue, models.Learned, models.Settings}
	if !slices.Contains(known, filter.Topic) {
		return filter, fmt.Errorf("topic: no record is read from %q; dead letters come from %s, %s, %s, %s, %s and %s", f.Topic, known[1], known[2], known[3], known[4], known[5], known[6])
	}
	if f.Since > 0 {
		filter.Since = time.Now().Add(-f.Since)
	}
	return filter, nil
}

type letterListCmd struct {
	letterFlags
	Bytes int `name:"bytes" default:"120" help:"How much of a record is shown; --json shows all of it."`
}

// Run lists dead letters, a line of JSON each with --json.
func (c *letterListCmd) Run(ctx context.Context, all *cli) error {
	if c.Bytes < 0 {
		return errors.New("bytes: must not be negative")
	}
	filter, err := c.filter()
	if err != nil {
		return err
	}
	n := 0
	cluster, err := c.Cluster.cluster()
	if err != nil {
		return err
	}
	err = stream.ListDeadLetters(ctx, cluster, filter, func(d *stream.DeadLetter) error {
		n++
		if all.JSON {
			return printJSON(os.Stdout, d)
		}
		fmt.Printf("%s  %s/%d@%d  %s\n    %s\n    %s\n",
			d.Time.UTC().Format(time.RFC3339), printable(d.Topic), d.Partition, d.Offset, printable(d.Class), printable(d.Error), excerpt(d.Value, c.Bytes))
		return nil
	})
	if err == nil && !all.JSON {
		fmt.Printf("%d dead letters\n", n)
	}
	return err
}

// excerpt shows the beginning of a record on one line, whatever bytes it holds.
func excerpt(value []byte, n int) string {
	if value == nil {
		return "(no value)"
	}
	more := ""
	if len(value) > n {
		more = fmt.Sprintf(" ... %d bytes in all", len(value))
		value = value[:n]
	}
	return printable(string(value)) + more
}

type letterReplayCmd struct{ letterFlags }

// Run sends dead letters back.
func (c *letterReplayCmd) Run(ctx context.Context, all *cli) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	cluster, err := c.Cluster.cluster()
	if err != nil {
		return err
	}
	done, err := stream.ReplayDeadLetters(ctx, cluster, filter)
	if err != nil {
		return err
	}
	if all.JSON {
		return printJSON(os.Stdout, done)
	}
	fmt.Printf("%d records sent back", done.Sent)
	if done.Cut > 0 {
		fmt.Printf(", %d left out because they were too large to be kept whole", done.Cut)
	}
	fmt.Println()
	return nil
}
