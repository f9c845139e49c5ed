package feed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// json reads an object a line, or one array of objects.
func (r *reader) json(in *bufio.Reader) error {
	r.sum.Platform = "google"
	head, _ := in.Peek(1)
	if string(head) == "[" {
		return r.array(in)
	}
	var f fields
	for line := int64(1); ; line++ {
		text, err := longLine(in)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			if !errors.Is(err, errEntry) {
				return err
			}
			if err := r.bad(line, err.Error()); err != nil {
				return err
			}
			continue
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			r.sum.Cut = last && !json.Valid(text)
			if err := r.object(&f, text, line); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// longLine reads a line of up to MaxEntry bytes, and past a longer one.
func longLine(in *bufio.Reader) (line []byte, err error) {
	long := false
	for {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > MaxEntry; !long {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long && err == nil {
			return nil, errEntry
		}
		return line, err
	}
}

// array reads the elements of an array. What is no JSON ends it: nothing says where the next product begins.
func (r *reader) array(in *bufio.Reader) error {
	limited := &bounded{in, MaxEntry}
	d := json.NewDecoder(limited)
	if _, err := d.Token(); err != nil {
		return err
	}
	var f fields
	for n := int64(1); d.More(); n++ {
		limited.left = MaxEntry
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			r.sum.Cut = true
			return r.bad(n, "it is no JSON, and what follows was not read: "+err.Error())
		}
		if err := r.object(&f, text, n); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		r.sum.Cut = true
	}
	return nil
}

func (r *reader) object(f *fields, text []byte, line int64) error {
	f.reset(line)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		return r.bad(line, "it is no JSON object: "+err.Error())
	}
	if items, ok := object["items"].([]any); ok && len(items) == 1 { // an event of Orrery's own
		if item, ok := items[0].(map[string]any); ok {
			if c, ok := object["currency"]; ok {
				item["currency"] = c
			}
			object = item
			r.sum.Platform = "orrery"
		}
	}
	flatten(f, "", object, 0)
	return r.entry(f)
}

// flatten adds the members of an object: those of objects within with the names before them, the elements of lists one by one. An
// object of a value and a currency is an amount.
func flatten(f *fields, name string, v any, depth int) {
	switch v := v.(type) {
	case string:
		f.add(name, v)
	case json.Number:
		f.add(name, v.String())
	case bool:
		f.add(name, map[bool]string{true: "true", false: "false"}[v])
	case []any:
		if depth > 4 {
			return
		}
		for _, e := range v {
			flatten(f, name, e, depth+1)
		}
	case map[string]any:
		if amount, ok := amountOf(v); ok {
			f.add(name, amount)
			return
		}
		if depth > 4 {
			return
		}
		for _, key := range sortedKeys(v) {
			inner := key
			if name != "" {
				inner = name + "_" + key
			}
			flatten(f, inner, v[key], depth+1)
		}
	}
}

func amountOf(v map[string]any) (string, bool) {
	value, currency := v["value"], v["currency"]
	if currency == nil {
		currency = v["currencyCode"]
	}
	code, ok := currency.(string)
	if !ok || value == nil {
		return "", false
	}
	switch value := value.(type) {
	case string:
		return strings.TrimSpace(value) + " " + code, true
	case json.Number:
		return value.String() + " " + code, true
	}
	return "", false
}
