//go:build integration

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kcat runs Debian's kcat, a client that shares no code with the engine.
func (i *instance) kcat(stdin string, args ...string) string {
	i.t.Helper()
	if _, err := exec.LookPath("kcat"); err != nil {
		i.t.Fatalf("kcat is missing, which this test needs (Debian: apt-get install kcat): %v", err)
	}
	cmd := exec.Command("kcat", append([]string{"-b", i.brokers}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	if err != nil {
		i.t.Fatalf("kcat %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// What another Kafka client produces into the embedded broker counts, and what the broker holds, it can read.
func TestOtherKafkaClient(t *testing.T) {
	i := newInstance(t)
	i.start()
	const topic = "orrery.pageviews"
	if listed := i.kcat("", "-L"); !strings.Contains(listed, `topic "`+topic+`" with 4 partitions`) {
		t.Errorf("kcat does not see the topic:\n%s", listed)
	}
	before := i.stats()
	const records = 100
	var lines strings.Builder
	for n := range records {
		visitor := "kcat-" + strconv.Itoa(n%10)
		lines.WriteString(visitor + "|" + `{"event":"view_item","id":"k-` + strconv.Itoa(n) + `","visitor":"` + visitor + `","items":[{"item_id":"SKU-` + strconv.Itoa(n%7) + `"}]}` + "\n")
	}
	i.kcat(lines.String(), "-P", "-t", topic, "-K", "|", "-X", "partitioner=murmur2_random")
	i.settle()
	after := i.stats()
	if got := after.Events["view_item"] - before.Events["view_item"]; got != records || after.Visitors != 10 || after.Items != 7 {
		t.Errorf("%d view_item events by %d visitors of %d items, want %d by 10 of 7", got, after.Visitors, after.Items, records)
	}
	if n := strings.Count(i.kcat("", "-C", "-q", "-e", "-o", "beginning", "-t", topic), "\n"); n != records {
		t.Errorf("kcat reads %d records back, want %d", n, records)
	}
	t.Logf("kcat produced %d records, the engine counted %d; visitors %d, items %d", records, after.Events["view_item"], after.Visitors, after.Items)
}
