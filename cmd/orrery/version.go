package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "development"

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(all *cli) error {
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]string{
			"version": version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
		})
	}
	fmt.Printf("orrery %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
