package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile has what terminals obey: ESC and C1, as a byte and as a rune, DEL, BEL, and what turns text around.
const hostile = "a\x1b]0;owned\x07\x1b[2J\u009b31m\x9b31m\x7f\r\u202eb\u2066\U000e0041ä中"

func obeyed(text string) bool {
	if !utf8.ValidString(text) {
		return true
	}
	return strings.ContainsAny(strings.ReplaceAll(text, "\n", ""), "\x1b\x07\u009b\x7f\r\u202e\u2066\U000e0041")
}

// Bytes that somebody sent never reach a terminal as commands: reference finding F19.
func TestTerminalObeysNobody(t *testing.T) {
	if got := printable(hostile); obeyed(got) || !strings.HasSuffix(got, "ä中") || strings.ContainsRune(got, '\n') {
		t.Errorf("printable: %q", got)
	}
	if got := excerpt([]byte(hostile+"\n"), 200); obeyed(got) || strings.ContainsRune(got, '\n') {
		t.Errorf("excerpt: %q", got)
	}
	var out strings.Builder
	complain(&out, errors.Join(errors.New(hostile), errors.New("second")))
	if got := out.String(); obeyed(got) || !strings.HasPrefix(got, "orrery: a") || !strings.HasSuffix(got, "\nsecond\n") {
		t.Errorf("complain: %q", got)
	}
	out.Reset()
	valid := strings.ToValidUTF8(hostile, "?")
	if err := printJSON(&out, map[string]string{valid: valid}); err != nil {
		t.Fatal(err)
	}
	var back map[string]string
	if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back[valid] != valid || obeyed(out.String()) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("JSON: %q, %v", out.String(), err)
	}
}
