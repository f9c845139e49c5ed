package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"orrery/models"
)

// decode reads a definition into a struct, and refuses what it has no field for.
func decode(body []byte, into any) error {
	in := json.NewDecoder(bytes.NewReader(body))
	in.DisallowUnknownFields()
	err := in.Decode(into)
	if err == nil {
		if _, err = in.Token(); !errors.Is(err, io.EOF) {
			return invalid("", "something stands behind the end of the setting")
		}
		return nil
	}
	var wrong *json.UnmarshalTypeError
	var known *models.Invalid
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrong):
		field := wrong.Field
		return invalid(field, "it is a %s, and should be %s", wrong.Value, wordOf(wrong.Type))
	}
	if _, rest, ok := strings.Cut(err.Error(), "unknown field "); ok {
		name, _ := strconv.Unquote(rest)
		return invalid(name, "there is no such field%s", meant(name, fields(reflect.TypeOf(into), nil)))
	}
	return invalid("", "it is no JSON object: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// wordOf says in words of JSON what a field is.
func wordOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// fields appends the names of all fields of a struct, and of those in it.
func fields(t reflect.Type, names []string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return names
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = fields(t.Field(i).Type, append(names, name))
	}
	return names
}

// meant returns ", did you mean ...?" where a word is close to one of those that there are.
func meant(word string, known []string) string {
	if near := models.Nearest(word, known); near != "" {
		return " (did you mean " + near + "?)"
	}
	return ""
}
