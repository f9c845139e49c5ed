package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	shopset "orrery/models/settings"
)

// definitionsCmd keeps settings in files: for people who keep them in git.
type definitionsCmd struct {
	Apply  applyCmd  `cmd:"" help:"Set what the files of a folder say: KIND/NAME.toml, like frame/product_page.toml and shop/shop.toml. What is set already is left alone."`
	Export writeCmd  `cmd:"" help:"Write what is set into files of a folder."`
	Diff   changeCmd `cmd:"" help:"Show what apply would change; exit status 1 where something differs."`
}

type definitionFlags struct {
	Dir string `arg:"" help:"The folder." type:"path"`
	engineFlags
}

type applyCmd struct {
	definitionFlags
	Author string `name:"author" help:"Who makes the changes, for the history." default:"orrery settings apply"`
	Prune  bool   `name:"prune" help:"Take back what no file of the folder says."`
}

type writeCmd struct{ definitionFlags }

type changeCmd struct {
	definitionFlags
	Prune bool `name:"prune" help:"As for apply."`
}

// definition is a setting as a file or the engine has it.
type definition struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Version int             `json:"version"`
	Body    json.RawMessage `json:"setting"`
}

func (d *definition) path() string {
	return "/v1/settings/" + url.PathEscape(d.Kind) + "/" + url.PathEscape(d.Name)
}

func (d *definition) file() string { return filepath.Join(d.Kind, d.Name+".toml") }

// change is what has to be done about a setting.
type settingChange struct {
	was, is *definition // nil: nothing is set, no file says it
	edits   []shopset.Edit
}

// Run sets what the files say. The first that is refused ends it; those before it hold.
func (c *applyCmd) Run(ctx context.Context, all *cli) error {
	changes, err := c.compare(ctx, c.Prune)
	if err != nil {
		return err
	}
	done := []string{}
	for _, x := range changes {
		d, method, version, body := x.is, http.MethodPut, 0, []byte(nil)
		if x.was != nil {
			version = x.was.Version
		}
		if d == nil {
			d, method = x.was, http.MethodDelete
		} else {
			body = d.Body
		}
		path := d.path() + "?" + url.Values{"author": {c.Author}}.Encode()
		status, answer, err := c.send(ctx, method, path, body, "If-Match", strconv.Quote(strconv.Itoa(version)))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("%s: %w", filepath.Join(c.Dir, d.file()), refusedWith(status, answer))
		}
		done = append(done, d.Kind+"/"+d.Name)
		if !all.JSON {
			fmt.Printf("%s %s/%s\n", map[string]string{http.MethodPut: "set", http.MethodDelete: "taken back"}[method], d.Kind, d.Name)
		}
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"changed": done})
	}
	if len(done) == 0 {
		fmt.Println("Nothing differs.")
	}
	return nil
}

// refusedWith reads the error of an answer.
func refusedWith(status int, answer []byte) error {
	var e struct {
		Error struct{ Message string }
	}
	if json.Unmarshal(answer, &e) == nil && e.Error.Message != "" {
		return errors.New(e.Error.Message)
	}
	return fmt.Errorf("%d %s", status, strings.TrimSpace(string(answer)))
}

// Run shows what differs.
func (c *changeCmd) Run(ctx context.Context, all *cli) error {
	changes, err := c.compare(ctx, c.Prune)
	if err != nil {
		return err
	}
	if all.JSON {
		list := []map[string]any{}
		for _, x := range changes {
			list = append(list, map[string]any{"kind": x.of().Kind, "name": x.of().Name, "diff": x.edits})
		}
		err = json.NewEncoder(os.Stdout).Encode(map[string]any{"changes": list})
	} else {
		for _, x := range changes {
			fmt.Printf("%s/%s\n", x.of().Kind, x.of().Name)
			for _, e := range x.edits {
				fmt.Printf("  %s: %s -> %s\n", orAll(e.Field), orNone(e.Was), orNone(e.Is))
			}
		}
	}
	if err == nil && len(changes) > 0 {
		err = fmt.Errorf("%d settings differ", len(changes))
	}
	return err
}

func (x *settingChange) of() *definition {
	if x.is != nil {
		return x.is
	}
	return x.was
}

func orAll(field string) string {
	if field == "" {
		return "all"
	}
	return field
}

func orNone(v json.RawMessage) string {
	if len(v) == 0 {
		return "nothing"
	}
	return string(v)
}

// Run writes files.
func (c *writeCmd) Run(ctx context.Context, all *cli) error {
	set, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	for i := range set {
		var v map[string]any
		if err := json.Unmarshal(set[i].Body, &v); err != nil {
			return fmt.Errorf("cannot read the setting %s/%s: %w", set[i].Kind, set[i].Name, err)
		}
		text, err := toml.Marshal(whole(v))
		if err != nil {
			return fmt.Errorf("cannot write the setting %s/%s: %w", set[i].Kind, set[i].Name, err)
		}
		path := filepath.Join(c.Dir, set[i].file())
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"written": len(set)})
	}
	fmt.Printf("%d settings written to %s\n", len(set), c.Dir)
	return nil
}

// whole makes whole numbers of numbers that JSON's reader has as fractions: TOML tells the two apart.
func whole(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = whole(x[k])
		}
	case []any:
		for i := range x {
			x[i] = whole(x[i])
		}
	case float64:
		if n := int64(x); float64(n) == x {
			return n
		}
	}
	return v
}

// compare returns what differs between the files and what is set, by kind and name.
func (f *definitionFlags) compare(ctx context.Context, prune bool) (changes []settingChange, err error) {
	files, err := readDefinitions(f.Dir)
	if err != nil {
		return nil, err
	}
	set, err := f.fetch(ctx)
	if err != nil {
		return nil, err
	}
	for i := range files {
		x := settingChange{is: &files[i]}
		if at := slices.IndexFunc(set, func(d definition) bool { return d.Kind == files[i].Kind && d.Name == files[i].Name }); at >= 0 {
			x.was = &set[at]
			if same(x.was.Body, x.is.Body) {
				continue
			}
		}
		changes = append(changes, x)
	}
	for i := range set {
		if prune && !slices.ContainsFunc(files, func(d definition) bool { return d.Kind == set[i].Kind && d.Name == set[i].Name }) {
			changes = append(changes, settingChange{was: &set[i]})
		}
	}
	for i := range changes {
		var was, is json.RawMessage
		if changes[i].was != nil {
			was = changes[i].was.Body
		}
		if changes[i].is != nil {
			is = changes[i].is.Body
		}
		changes[i].edits = shopset.Diff(was, is)
	}
	return changes, nil
}

// same tells whether two definitions say the same.
func same(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// readDefinitions reads the files of a folder.
func readDefinitions(dir string) (all []definition, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.toml"))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("dir: there is no file like frame/product_page.toml in %s", dir)
	}
	for _, path := range paths {
		text, e := os.ReadFile(path)
		if e != nil {
			return nil, e
		}
		var v map[string]any
		if e := toml.Unmarshal(text, &v); e != nil {
			return nil, fmt.Errorf("%s: it is no TOML: %w", path, e)
		}
		d := definition{Kind: filepath.Base(filepath.Dir(path)), Name: strings.TrimSuffix(filepath.Base(path), ".toml")}
		if e := shopset.CheckName(d.Kind, d.Name); e != nil {
			return nil, fmt.Errorf("%s: %w", path, e)
		}
		if d.Body, e = json.Marshal(v); e != nil {
			return nil, fmt.Errorf("%s: %w", path, e)
		}
		all = append(all, d)
	}
	return all, err
}

// fetch returns what is set.
func (f *definitionFlags) fetch(ctx context.Context) (all []definition, err error) {
	var list struct{ Settings []definition }
	if err := f.read(ctx, "/v1/settings", &list); err != nil {
		return nil, err
	}
	for i := range list.Settings {
		d := &list.Settings[i]
		if err := f.read(ctx, d.path(), d); err != nil {
			return nil, err
		}
	}
	return list.Settings, nil
}

func (f *definitionFlags) read(ctx context.Context, path string, into any) error {
	status, answer, err := f.do(ctx, http.MethodGet, path)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("cannot read the settings: %w", refusedWith(status, answer))
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("cannot read the settings: %w", err)
	}
	return nil
}
