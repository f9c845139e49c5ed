package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"orrery/stream"
)

type topicsCmd struct {
	Ensure ensureCmd `cmd:"" help:"Create the topics that are missing, and check the others."`
}

type ensureCmd struct {
	Cluster clusterFlags `embed:""`
	Topics  topicFlags   `embed:""`
	Apply   bool         `name:"apply" help:"Have topics that are there already keep their records for --kafka.retention too."`
}

// Run creates missing topics.
func (c *ensureCmd) Run(ctx context.Context, all *cli) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cluster, err := c.Cluster.cluster()
	if err != nil {
		return err
	}
	states, err := stream.EnsureTopics(ctx, cluster, c.Topics.topics())
	if err != nil {
		return err
	}
	other, err := stream.EnsureRetention(ctx, cluster, c.Topics.topics(), c.Apply)
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(states)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "topic\tpartitions\t")
	for _, s := range states {
		what := "there already"
		if s.Created {
			what = "created"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\n", s.Name, s.Partitions, what)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range other {
		if c.Apply {
			fmt.Printf("%s keeps its records for %s from now on, not %s\n", r.Topic, r.Wanted, r.Is)
			continue
		}
		fmt.Printf("%s keeps its records for %s, not %s: --apply changes it\n", r.Topic, r.Is, r.Wanted)
	}
	return nil
}
