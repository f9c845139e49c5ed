package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Edit is a field that differs between two versions: what it was and what it is, absent where it was not there.
type Edit struct {
	Field string          `json:"field"`
	Was   json.RawMessage `json:"was,omitempty"`
	Is    json.RawMessage `json:"is,omitempty"`
}

// Diff returns the fields that differ between two definitions, by their names: steps[2].recipe. Either may be nothing.
func Diff(was, is json.RawMessage) (edits []Edit) {
	return diff(nil, "", parsed(was), parsed(is))
}

func parsed(body json.RawMessage) any {
	if len(body) == 0 {
		return nil
	}
	in := json.NewDecoder(bytes.NewReader(body))
	in.UseNumber()
	var v any
	_ = in.Decode(&v) // it was checked when it was set
	return v
}

func diff(edits []Edit, at string, was, is any) []Edit {
	if a, ok := was.(map[string]any); ok {
		if b, ok := is.(map[string]any); ok {
			all := maps.Clone(a)
			maps.Copy(all, b)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				field := name
				if at != "" {
					field = at + "." + name
				}
				edits = diff(edits, field, a[name], b[name])
			}
			return edits
		}
	}
	if a, ok := was.([]any); ok {
		if b, ok := is.([]any); ok {
			for i := range max(len(a), len(b)) {
				var x, y any
				if i < len(a) {
					x = a[i]
				}
				if i < len(b) {
					y = b[i]
				}
				edits = diff(edits, fmt.Sprintf("%s[%d]", at, i), x, y)
			}
			return edits
		}
	}
	x, y := text(was), text(is)
	if !bytes.Equal(x, y) {
		edits = append(edits, Edit{Field: at, Was: x, Is: y})
	}
	return edits
}

func text(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	b, _ := json.Marshal(v) // it was read from JSON
	return b
}
