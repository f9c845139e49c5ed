package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"orrery/engine"
	"orrery/models"
	"orrery/models/intern"
	"orrery/stream"
	"orrery/stream/broker"
	"orrery/stream/snapshot"
)

type proveCmd struct {
	IDs []string `arg:"" name:"id" help:"Ids: of the contact, and of its browsers."`
	engineFlags
	Cluster clusterFlags `embed:""`
	DataDir string       `name:"data-dir" default:"data" type:"path" help:"Folder of the snapshots, and of the embedded broker's log."`
	Also    []string     `name:"also" type:"path" placeholder:"PATH" help:"Further files and folders: exports, rejects, backups."`
	Offline bool         `name:"offline" help:"Ask no engine."`
}

// Help says what is searched.
func (*proveCmd) Help() string {
	return "Every file of the data folder is read: snapshots by section, the embedded log by record, unpacked; topics of a cluster where --kafka.brokers is " +
		"given; and the answers of the engine. Looked for are the ids as given, in their one form, escaped, their SHA-256, SHA-1, MD5 and xxHash64, and the " +
		"keyed hashes that the state knows people by. The list of who was erased holds keyed hashes on purpose, and so does the erasure in the log: they are told apart."
}

// searched is where something was looked for, and what was found.
type searched struct {
	Where string         `json:"where"`
	Size  int64          `json:"looked_at"` // bytes, records, answers
	Unit  string         `json:"unit"`
	Found map[string]int `json:"found,omitempty"`      // what, how often
	Known map[string]int `json:"on_purpose,omitempty"` // likewise
}

// prover searches.
type prover struct {
	texts map[string][]byte // what to look for, by what it is
	keys  map[string][]byte // keyed hashes: in the state eight bytes, in texts 16 digits
	out   []*searched
}

// Run searches, and prints where it looked.
func (c *proveCmd) Run(ctx context.Context, all *cli) error {
	p := &prover{texts: map[string][]byte{}, keys: map[string][]byte{}}
	for i, id := range c.IDs {
		if id == "" {
			return fmt.Errorf("id: the %d. is empty", i+1)
		}
		p.add(id)
	}
	err := p.snapshots(c)
	for _, step := range []func() error{
		func() error { return p.folder(c.DataDir) },
		func() error { return p.segments(filepath.Join(c.DataDir, "broker")) },
		func() error { return p.topics(ctx, c) },
		func() error { return p.answers(ctx, c) },
	} {
		err = errors.Join(err, step())
	}
	for _, path := range c.Also {
		err = errors.Join(err, p.folder(path))
	}
	if err != nil {
		return fmt.Errorf("cannot look everywhere, so nothing is proved: %w", err)
	}
	return p.tell(all)
}

// add adds what an id may be written as.
func (p *prover) add(id string) {
	name := fmt.Sprintf("%q", id)
	forms := []string{id, string(models.CanonicalID([]byte(id))), string(models.CanonicalContact([]byte(id)))}
	for _, form := range forms {
		if form == "" {
			continue
		}
		b := []byte(form)
		p.texts[name] = []byte(id)
		p.texts[fmt.Sprintf("%q", form)] = b
		if escaped := url.QueryEscape(form); escaped != form {
			p.texts[name+" escaped in an address"] = []byte(escaped)
		}
		if quoted := models.AppendString(nil, b); len(quoted) != len(b)+2 {
			p.texts[name+" in JSON"] = quoted[1 : len(quoted)-1]
		}
		p.hashed(form, b)
	}
}

func (p *prover) hashed(form string, b []byte) {
	note := func(kind string, sum []byte) {
		p.texts[kind+" of "+fmt.Sprintf("%q", form)] = []byte(hex.EncodeToString(sum))
	}
	two, one, five := sha256.Sum256(b), sha1.Sum(b), md5.Sum(b)
	note("SHA-256", two[:])
	note("SHA-1", one[:])
	note("MD5", five[:])
	note("xxHash64", binary.BigEndian.AppendUint64(nil, intern.SeedOf(0).Hash(b)))
}

func (p *prover) at(where, unit string) *searched {
	f := &searched{Where: where, Unit: unit, Found: map[string]int{}, Known: map[string]int{}}
	p.out = append(p.out, f)
	return f
}

// look looks for everything in bytes. Hashes of the state are found as they lie in memory, and as digits.
func (p *prover) look(b []byte, into map[string]int, binaryKeys bool) {
	for what, text := range p.texts {
		if n := bytes.Count(b, text); n > 0 {
			into[what] += n
		}
	}
	for what, key := range p.keys {
		n := bytes.Count(b, hex.AppendEncode(nil, reversed(key)))
		if binaryKeys {
			n += bytes.Count(b, key)
		}
		if n > 0 {
			into[what] += n
		}
	}
}

func reversed(b []byte) []byte {
	out := slices.Clone(b)
	slices.Reverse(out)
	return out
}

// snapshots looks into the sections of every snapshot, of those too that a running server writes meanwhile, and passes over those that it
// removes. All of them tell what people are known by.
func (p *prover) snapshots(c *proveCmd) error {
	dir := (&nodeFlags{DataDir: c.DataDir}).snapshotDir()
	learned, looked := map[string]bool{}, map[string]bool{}
	each := func(done map[string]bool, do func(path string) error) (more bool, err error) {
		files, err := snapshot.List(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		for _, file := range files {
			if err != nil || done[file.Path] {
				continue
			}
			done[file.Path], more = true, true
			if failed := do(file.Path); !errors.Is(failed, fs.ErrNotExist) {
				err = failed
			}
		}
		return more, err
	}
	for {
		if _, err := each(learned, func(path string) error { return p.learn(c, path) }); err != nil {
			return err
		}
		if more, err := each(looked, p.lookAtSections); err != nil || !more {
			return err
		}
	}
}

func (p *prover) lookAtSections(path string) error {
	return eachSection(path, func(name string, _ uint16, r io.Reader) error {
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		f := p.at(path+" section "+name, "bytes")
		f.Size = int64(len(b))
		if name == "erased" {
			p.look(b, f.Known, true)
		} else {
			p.look(b, f.Found, true)
		}
		return nil
	})
}

// learn takes the keyed hashes of a snapshot's seed.
func (p *prover) learn(c *proveCmd, path string) error {
	e, err := engine.New(engine.Config{})
	if err != nil {
		return err
	}
	if _, err := restoreFacts(e, path); err != nil {
		return err
	}
	shop := []byte(c.Shop)
	for _, id := range c.IDs {
		for _, form := range [][]byte{models.CanonicalID([]byte(id)), models.CanonicalContact([]byte(id))} {
			for what, key := range e.KeysOf(shop, form) {
				p.keys[fmt.Sprintf("%s of %q", what, form)] = binary.LittleEndian.AppendUint64(nil, key)
			}
		}
	}
	return nil
}

func eachSection(path string, f func(name string, version uint16, r io.Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // read only
	r, err := snapshot.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return err
	}
	for {
		info, payload, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f(info.Name, info.Version, payload)
		}
		if err != nil {
			return fmt.Errorf("cannot read snapshot %q: %w", path, err)
		}
	}
}

// folder looks into the bytes of all files.
func (p *prover) folder(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		f := p.at(path, "bytes")
		if p.text(path, f.Found); strings.HasSuffix(path, ".snap") { // by section, above
			p.out = p.out[:len(p.out)-1]
			return nil
		}
		return p.scan(path, f)
	})
}

func (p *prover) text(path string, into map[string]int) {
	p.look([]byte(filepath.Base(path)), into, false)
}

// scan reads a file in pieces that overlap by the longest of what is looked for.
func (p *prover) scan(path string, f *searched) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close() // read only
	longest := 16
	for _, text := range p.texts {
		longest = max(longest, len(text))
	}
	buf := make([]byte, 0, 4<<20)
	known := strings.Contains(path, string(filepath.Separator)+"broker"+string(filepath.Separator)) // looked at by record
	for {
		n, err := io.ReadFull(file, buf[len(buf):cap(buf)])
		f.Size += int64(n)
		buf = buf[:len(buf)+n]
		if known {
			p.lookTexts(buf, f.Found)
		} else {
			p.look(buf, f.Found, false)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		buf = buf[:copy(buf[:cap(buf)], buf[len(buf)-longest+1:])]
	}
}

func (p *prover) lookTexts(b []byte, into map[string]int) {
	for what, text := range p.texts {
		if n := bytes.Count(b, text); n > 0 {
			into[what] += n
		}
	}
}

// record looks into a record. An erasure names by keyed hashes on purpose.
func (p *prover) record(f *searched, key, value, headers []byte) {
	f.Size++
	into := f.Found
	if bytes.Contains(value, []byte(`"event":"erasure"`)) && bytes.HasPrefix(key, []byte("~")) {
		p.lookTexts(value, f.Found)
		kept := map[string]int{}
		p.look(append(slices.Clone(key), value...), kept, false)
		for what, n := range kept {
			if _, text := p.texts[what]; !text {
				f.Known[what] += n
			}
		}
		return
	}
	for _, part := range [][]byte{key, value, headers} {
		p.look(part, into, false)
	}
}

// segments looks into the records of an embedded broker's files.
func (p *prover) segments(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	places := map[string]*searched{}
	return broker.EachRecord(dir, func(r *broker.Record) error {
		where := fmt.Sprintf("log %s/%d", r.Topic, r.Partition)
		if places[where] == nil {
			places[where] = p.at(where, "records")
		}
		p.record(places[where], r.Key, r.Value, r.Rest)
		return nil
	})
}

// topics looks into the topics of a cluster.
func (p *prover) topics(ctx context.Context, c *proveCmd) error {
	if len(c.Cluster.Brokers) == 0 {
		return nil
	}
	cluster, err := c.Cluster.cluster()
	if err != nil {
		return err
	}
	for _, topic := range []models.Topic{models.Pageviews, models.Transactions, models.Contacts, models.Catalogue, models.Scores, models.DeadLetter, models.Settings, stream.Turns} {
		f := p.at("topic "+cluster.Topic(topic), "records")
		err := stream.ReadWhole(ctx, cluster, topic, func(key, value, headers []byte) error {
			p.record(f, key, value, headers)
			return nil
		})
		if err != nil && !errors.Is(err, stream.ErrNoTopic) {
			return err
		}
	}
	return nil
}

// answers looks into what a running engine answers.
func (p *prover) answers(ctx context.Context, c *proveCmd) error {
	if c.Offline {
		return nil
	}
	ask := func(method, path string) error {
		f := p.at(method+" "+path, "bytes")
		status, body, err := c.do(ctx, method, path)
		if err != nil {
			return err
		}
		f.Size = int64(len(body))
		if status == http.StatusUnauthorized || status == http.StatusForbidden {
			return fmt.Errorf("http.secret-key: %s %s: %d", method, path, status)
		}
		if status < 300 {
			p.look(body, f.Found, false)
			if strings.Contains(path, "/contacts/") || strings.Contains(path, "/visitors/") {
				f.Found["an answer about the person"]++
			}
		}
		return nil
	}
	for _, id := range c.IDs {
		escaped := url.PathEscape(id)
		for _, path := range []string{"/v1/contacts/" + escaped, "/v1/contacts/" + escaped + "/data", "/v1/visitors/" + escaped} {
			if err := ask(http.MethodGet, path); err != nil {
				return err
			}
		}
	}
	for _, path := range []string{"/v1/rfm", "/v1/models", "/v1/stats", "/metrics"} {
		if err := ask(http.MethodGet, path); err != nil {
			return err
		}
	}
	return ask(http.MethodPost, "/v1/export/contacts")
}

// tell prints where was looked and what was found.
func (p *prover) tell(all *cli) error {
	found := 0
	for _, f := range p.out {
		found += len(f.Found)
	}
	if all.JSON {
		if err := printJSON(os.Stdout, p.out); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for _, f := range p.out {
			fmt.Fprintf(w, "%s\t%d %s\t%s\n", printable(f.Where), f.Size, f.Unit, f.String())
		}
		if err := w.Flush(); err != nil {
			return err
		}
		fmt.Printf("Looked for %d texts and %d keyed hashes in %d places.\n", len(p.texts), len(p.keys), len(p.out))
	}
	if found > 0 {
		return errFound
	}
	return nil
}

// String says what was found.
func (f *searched) String() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(f.Found)) {
		parts = append(parts, fmt.Sprintf("FOUND %s, %d times", printable(what), f.Found[what]))
	}
	for _, what := range slices.Sorted(maps.Keys(f.Known)) {
		parts = append(parts, fmt.Sprintf("on purpose: %s, %d times", printable(what), f.Known[what]))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}
