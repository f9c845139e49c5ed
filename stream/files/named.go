package files

import "strings"

// Named returns the column that is called by one of some names, the first of them that there is, without regard to case, blanks, dashes
// and underscores; empty where none is.
func Named(columns []string, names ...string) string {
	for _, name := range names {
		for _, c := range columns {
			if bare(c) == bare(name) {
				return c
			}
		}
	}
	return ""
}

var unspaced = strings.NewReplacer(" ", "", "_", "", "-", "")

func bare(name string) string { return unspaced.Replace(strings.ToLower(strings.TrimSpace(name))) }
