package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the import table of DESIGN.md: which top-level folders a folder's code may import. Its own is always
// allowed, and tests may import anything below cmd.
var mayImport = map[string][]string{
	"models":    {},
	"recommend": {"models"},
	"churn":     {"models"},
	"stream":    {"models"},
	"serve":     {"models"},
	"engine":    {"models", "recommend", "churn"},
	"bench":     {"models", "recommend", "churn", "stream", "serve", "engine"},
	"cmd":       {"models", "recommend", "churn", "stream", "serve", "engine", "bench"},
	"deploy":    {},
}

// pure lists the folders whose code knows no clock, no randomness and no I/O, with the packages that would give it away.
var pure = []string{"models", "recommend", "churn", "engine"}

var impure = []string{"time", "math/rand", "math/rand/v2", "crypto/rand", "net", "net/http", "os", "os/exec", "syscall", "log", "log/slog"}

// pureExceptions are the imports of pure folders that are not a clock: what they use of the package is listed beside.
var pureExceptions = map[string]string{
	"models/time.go":              "time",    // conversion from and to time.Time
	"models/rfc3339.go":           "time",    // the calendar: Unix, Date
	"models/slab/huge_linux.go":   "syscall", // Madvise: how memory is mapped, not what is in it
	"models/slab/memory_linux.go": "syscall", // Mmap, Mprotect: likewise
}

// libraries lists the third-party modules that each folder may use: a new dependency is a decision.
var libraries = map[string][]string{
	"models":    {"github.com/cespare/xxhash/v2", "github.com/dchest/siphash", "gonum.org/v1/gonum", "golang.org/x/text", "github.com/expr-lang/expr"},
	"recommend": {"github.com/cespare/xxhash/v2", "gonum.org/v1/gonum"},
	"churn":     {"gonum.org/v1/gonum"},
	"stream":    {"github.com/twmb/franz-go", "github.com/cespare/xxhash/v2", "golang.org/x/sys", "golang.org/x/text", "github.com/klauspost/compress", "github.com/x-way/crawlerdetect", "github.com/apache/arrow/go/v17"},
	"serve":     {"github.com/valyala/fasthttp", "github.com/dchest/siphash", "github.com/VictoriaMetrics/metrics", "github.com/HdrHistogram/hdrhistogram-go", "github.com/x-way/crawlerdetect"},
	"engine":    {},
	"bench":     {"gonum.org/v1", "github.com/HdrHistogram/hdrhistogram-go", "github.com/valyala/fasthttp", "github.com/twmb/franz-go", "github.com/cespare/xxhash/v2"},
	"cmd":       {"github.com/alecthomas/kong", "github.com/pelletier/go-toml/v2"},
}

func TestImports(t *testing.T) {
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files++
		checkFile(t, path, filepath.ToSlash(rel))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Fatalf("looked at %d files only: is the module's root still %s?", files, root)
	}
}

// only are modules that one folder alone may use.
var only = map[string]string{"github.com/expr-lang/expr": "models/condition/"}

func checkFile(t *testing.T, path, rel string) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	folder, _, nested := strings.Cut(rel, "/")
	if !nested {
		t.Errorf("%s: no Go file stands at the top", rel)
		return
	}
	allowed, known := mayImport[folder]
	if !known {
		t.Errorf("%s: the folder %s is not in DESIGN.md's table", rel, folder)
		return
	}
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		switch own, isOwn := strings.CutPrefix(name, "orrery/"); {
		case isOwn:
			to, _, _ := strings.Cut(own, "/")
			if to != folder && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: %s may import %v only", rel, name, folder, allowed)
			}
		case strings.Contains(strings.Split(name, "/")[0], "."):
			for module, where := range only {
				if strings.HasPrefix(name, module) && !strings.HasPrefix(rel, where) {
					t.Errorf("%s imports %s: only %s may", rel, name, where)
				}
			}
			if !slices.ContainsFunc(libraries[folder], func(l string) bool { return name == l || strings.HasPrefix(name, l+"/") }) {
				t.Errorf("%s imports %s: not among the libraries of %s", rel, name, folder)
			}
		case slices.Contains(pure, folder) && slices.Contains(impure, name) && pureExceptions[rel] != name:
			t.Errorf("%s imports %s: %s knows no clock, no randomness and no I/O", rel, name, folder)
		}
	}
}
