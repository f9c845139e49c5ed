package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"orrery/stream/snapshot"
)

type snapshotCmd struct {
	Inspect inspectCmd `cmd:"" help:"Show what a snapshot holds: sections, positions, settings."`
	Verify  verifyCmd  `cmd:"" help:"Read a snapshot to its end and check every byte."`

	Export exportFactsCmd `cmd:"" help:"Write the lasting facts of a snapshot as JSON lines."`
	Import importCmd      `cmd:"" help:"Begin a new data folder with the facts of an export."`
}

// snapshotFlags name a snapshot: a file, or the newest of a data folder.
type snapshotFlags struct {
	File    string `arg:"" optional:"" help:"Snapshot file; by default the newest of --data-dir."`
	DataDir string `name:"data-dir" default:"data" type:"path" help:"Folder of the snapshots."`
}

func (f *snapshotFlags) path() (string, error) {
	if f.File != "" {
		return f.File, nil
	}
	dir := (&nodeFlags{DataDir: f.DataDir}).snapshotDir()
	files, err := snapshot.List(dir)
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", fmt.Errorf("there is no snapshot in %q", dir)
	}
	return files[0].Path, nil
}

type inspectCmd struct{ snapshotFlags }

// Run shows a snapshot.
func (c *inspectCmd) Run(all *cli) error { return c.show(all, snapshot.Inspect, "") }

type verifyCmd struct{ snapshotFlags }

// Run checks a snapshot.
func (c *verifyCmd) Run(all *cli) error {
	return c.show(all, snapshot.Verify, "Every byte is as it was written.")
}

func (f *snapshotFlags) show(all *cli, read func(string) (snapshot.Summary, error), verdict string) error {
	path, err := f.path()
	if err != nil {
		return err
	}
	s, err := read(path)
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "file\t%s\n", filepath.Base(path))
	fmt.Fprintf(w, "size\t%d bytes\n", s.Size)
	fmt.Fprintf(w, "written\t%s by %s\n", s.Header.Written.Format(time.RFC3339), printable(s.Header.Build))
	fmt.Fprintf(w, "newest event\t%s\n", s.Header.NewestEvent.Format(time.RFC3339))
	fmt.Fprintf(w, "settings\t%s\n", printable(s.Header.Fingerprint))
	for _, p := range s.Header.Positions {
		fmt.Fprintf(w, "position\t%s/%d: %d\n", printable(p.Topic), p.Partition, p.Next)
	}
	for _, section := range s.Sections {
		fmt.Fprintf(w, "section\t%s, version %d: %d bytes\n", printable(section.Name), section.Version, section.Size)
	}
	if err := w.Flush(); err != nil || verdict == "" {
		return err
	}
	_, err = fmt.Println(verdict)
	return err
}
