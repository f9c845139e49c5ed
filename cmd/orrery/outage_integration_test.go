//go:build integration

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Apache Kafka itself dies under the engine and comes back. The engine lives on, says that it cannot take events while
// it cannot, and then goes on by itself: nothing that was acknowledged is missing, and nothing counts twice.
func TestKafkaOutage(t *testing.T) {
	if os.Getenv("KAFKA_DIR") == "" {
		t.Skip("KAFKA_DIR is not set: the broker is not ours to kill")
	}
	truth := countGA4(t)
	i := newKafkaInstance(t, exact...)
	i.start()
	var enough atomic.Bool
	shoppers := newShoppers(i.http, truth.top)
	shoppers.run(enough.Load)
	eventually(t, "events arrive", func() bool { return shoppers.events() > 200 })
	began, before := time.Now(), shoppers.events()
	i.kafka(t, "crash")
	i.kafka(t, "up")
	outage := time.Since(began)
	eventually(t, "events arrive again", func() bool { return shoppers.events() > before+400 })
	t.Logf("Kafka was away for %s; events arrived again %s after the kill; %d failed attempts",
		outage.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), shoppers.again.Load())
	enough.Store(true)
	shoppers.wait(t)
	if i.starts != 1 || !i.proc.alive() {
		t.Fatalf("the engine did not live through it:\n%s", tail(i.proc.file("log"), 20))
	}
	i.settle()
	interrupted := i.account(truth.top)
	if interrupted.Total != shoppers.events() {
		t.Errorf("%d events, acknowledged were %d", interrupted.Total, shoppers.events())
	}

	calm := newInstance(t, exact...)
	calm.start()
	shoppers.repeat(t, calm.http)
	calm.settle()
	compareAccounts(t, interrupted, calm.account(truth.top))
}

// kafka runs a command of the script that looks after the broker.
func (i *instance) kafka(t *testing.T, command string) {
	t.Helper()
	_, port, _ := strings.Cut(i.brokers, ":")
	args := []string{command}
	if command == "up" {
		args = append(args, port)
	}
	cmd := exec.Command(filepath.Join("..", "..", "deploy", "kafka", "broker"), args...)
	// Not a pipe: the broker that is started would hold it open.
	out, err := os.Create(filepath.Join(i.dir, "kafka-"+command+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		t.Fatalf("cannot %s Kafka: %v\n%s", command, err, tail(out.Name(), 20))
	}
}
