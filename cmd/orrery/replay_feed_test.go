package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/stream/files"
)

// A feed is replayed as PUT /v1/catalogue reads it: the price is not that of the shipping, links are the shop's, drafts are taken out, and
// a bad row is told and costs itself alone.
func TestReplayFeed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rss := write("feed.xml", `<rss xmlns:g="http://base.google.com/ns/1.0"><channel>
<item><g:id>A</g:id><title>Tea &amp;amp; Co</title><link>/p/a</link><g:shipping><g:price>79 CZK</g:price></g:shipping><g:price>1.299,00 CZK</g:price><g:item_group_id>T</g:item_group_id></item>
<item><g:id>A</g:id><title>Tea &amp;amp; Co</title><link>/p/a</link><g:price>1.299,00 CZK</g:price><g:item_group_id>T</g:item_group_id></item>
<item><title>no id</title></item>
<item><g:id>B</g:id><title>B</title><link>https://shop.example/p/b</link><g:price>12,50 CZK</g:price><g:pause>ads</g:pause></item></channel></rss>`)
	sink := &files.Preview{}
	r := &replayFeed{replayCmd: &replayCmd{Preset: "google", Shop: "s"}, sink: sink, progress: silent{}, at: 1_790_000_000_000, last: map[uint64]uint64{},
		sum: files.Summary{Events: map[string]int64{}, Noted: map[string]int64{}}}
	if err := r.one(context.Background(), rss); err != nil {
		t.Fatal(err)
	}
	if r.sum.Rows != 4 || r.sum.Total != 2 || r.sum.Bad != 1 || !strings.Contains(r.sum.First[0].Reason, "id") || r.sum.Events["product_upsert"] != 1 || r.sum.Events["product_remove"] != 1 {
		t.Errorf("%+v", r.sum)
	}
	for _, want := range []string{`"item_name":"Tea \u0026 Co"`, `"price":1299`, `"url":"https://shop.example/p/a"`, `"item_group_id":"T"`, `"shop":"s"`} {
		if !strings.Contains(string(sink.Events[0]), strings.ReplaceAll(want, `\u0026`, "&")) {
			t.Errorf("no %s in %s", want, sink.Events[0])
		}
	}
	r.Limit = r.sum.Total + 1
	if err := r.one(context.Background(), write("more.csv", "id,title,price\nC,C,5\nD,D,6\n")); !errors.Is(err, errEnough) {
		t.Errorf("past the limit: %v", err)
	}
	if err := (&replayCmd{Preset: "yml", Map: []string{"a=b"}}).feeds(context.Background(), &cli{}); err == nil || !strings.Contains(err.Error(), "--map") {
		t.Errorf("with a map: %v", err)
	}
	for _, name := range []string{"google", "meta", "yml", "ga4"} {
		if !strings.Contains(" "+strings.Join(replayPresets(), " ")+" ", " "+name+" ") || aboutPreset(name) == "" {
			t.Errorf("%s is no preset", name)
		}
	}
}
