package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The list of materials names every module that the go command finds in the binary, with its version and hash.
func TestMaterialsAreComplete(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orrery")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := exec.Command(path, "version", "--sbom").Output()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := exec.Command(path, "version", "--sbom").Output()
	if !bytes.Equal(text, again) {
		t.Error("the list changes from call to call")
	}
	var list bom
	if err := json.Unmarshal(text, &list); err != nil || list.Format != "CycloneDX" || list.Metadata.Component.Name != "orrery" {
		t.Fatalf("%v: %.300s", err, text)
	}
	listed := map[string]component{}
	for _, c := range list.Components {
		listed[c.Name] = c
	}
	seen, err := exec.Command("go", "version", "-m", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := 0
	for line := range strings.Lines(string(seen)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] != "dep" {
			continue
		}
		modules++
		if c := listed[f[1]]; c.Version != f[2] || len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 64 || !strings.HasSuffix(c.PackageURL, "@"+f[2]) {
			t.Errorf("%s %s is listed as %+v", f[1], f[2], c)
		}
	}
	if listed["std"].Version == "" || modules < 10 || len(list.Components) != modules+1 || len(list.Dependencies[0].On) != modules+1 {
		t.Errorf("%d modules, %d components", modules, len(list.Components))
	}
	if _, err := materials(nil); err == nil {
		t.Error("a binary without information is listed")
	}
	os.Remove(path)
}
