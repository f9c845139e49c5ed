package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"runtime/debug"
	"strings"
)

// What the binary is made of, in the words of CycloneDX 1.5. There is no time in it: the same binary gives the same list.
type (
	bom struct {
		Format       string        `json:"bomFormat"`
		Spec         string        `json:"specVersion"`
		Version      int           `json:"version"`
		Metadata     bomMetadata   `json:"metadata"`
		Components   []component   `json:"components"`
		Dependencies []bomRelation `json:"dependencies"`
	}
	bomMetadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PackageURL string     `json:"purl"`
		Hashes     []bomHash  `json:"hashes,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	bomHash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	bomRelation struct {
		Ref string   `json:"ref"`
		On  []string `json:"dependsOn"`
	}
)

// materials lists the modules that the linker has put into the binary, the standard library among them.
func materials(info *debug.BuildInfo) (*bom, error) {
	if info == nil || info.Main.Path == "" {
		return nil, errors.New("cannot list what the binary is made of: it was built without module information")
	}
	main := moduleOf(&debug.Module{Path: info.Main.Path, Version: version})
	main.Type = "application"
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "CGO_ENABLED", "-trimpath", "vcs.revision", "vcs.modified":
			main.Properties = append(main.Properties, property{"build:" + s.Key, s.Value})
		}
	}
	out := &bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: bomMetadata{main}}
	std := moduleOf(&debug.Module{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")})
	out.Components = append(out.Components, std)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		out.Components = append(out.Components, moduleOf(m))
	}
	on := make([]string, len(out.Components))
	for i, c := range out.Components {
		on[i] = c.Ref
	}
	out.Dependencies = []bomRelation{{main.Ref, on}}
	return out, nil
}

func moduleOf(m *debug.Module) component {
	url := "pkg:golang/" + m.Path + "@" + m.Version
	c := component{Type: "library", Ref: url, Name: m.Path, Version: m.Version, PackageURL: url}
	if sum, ok := strings.CutPrefix(m.Sum, "h1:"); ok { // Go's hash of the module's files, as in go.sum
		if b, err := base64.StdEncoding.DecodeString(sum); err == nil {
			c.Hashes = []bomHash{{"SHA-256", hex.EncodeToString(b)}}
		}
	}
	return c
}
