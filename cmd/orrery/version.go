package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "development"

type versionCmd struct {
	SBOM bool `name:"sbom" help:"List every module that is in the binary, as CycloneDX JSON."`
}

// Run prints the version.
func (c versionCmd) Run(all *cli) error {
	if c.SBOM {
		info, _ := debug.ReadBuildInfo()
		list, err := materials(info)
		if err != nil {
			return err
		}
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(list)
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]string{
			"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
		})
	}
	fmt.Printf("orrery %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
