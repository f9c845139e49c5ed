//go:build integration && linux

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const doorPage, doorShop = "page-key-of-the-doors", "shop-key-of-the-doors"

func newKeyedInstance(t *testing.T) *instance {
	return newInstance(t, "--http.write-key", doorPage, "--http.secret-key", doorShop)
}

// connections opens so many connections, as many as may be, and sends the same on each.
func (i *instance) connections(n int, text string) (all []net.Conn) {
	i.t.Helper()
	for range n {
		c, err := net.Dial("tcp", strings.TrimPrefix(i.http, "http://"))
		if err != nil {
			i.t.Fatal(err)
		}
		i.t.Cleanup(func() { c.Close() })
		io.WriteString(c, text) // one that is refused takes nothing more
		all = append(all, c)
	}
	return all
}

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak returns the most memory that the process has had resident so far, in MiB.
func (i *instance) peak() int {
	i.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.proc.cmd.Process.Pid))
	if err != nil {
		i.t.Fatal(err)
	}
	kb, err := strconv.Atoi(peakLine.FindStringSubmatch(string(text))[1])
	if err != nil {
		i.t.Fatal(err)
	}
	return kb >> 10
}

func declares(key string) string {
	if key != "" {
		key = "Authorization: Bearer " + key + "\r\n"
	}
	return "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n" + key + "Content-Length: 5242880\r\n\r\n"
}

// A22: 300 connections that declare 5 MiB and send nothing, without a key and with the public one, cost 100 MB at the most.
func TestDoorDeclaredBodies(t *testing.T) {
	i := newKeyedInstance(t)
	i.start()
	before := i.peak()
	i.connections(300, declares(""))
	i.connections(300, declares(doorPage))
	i.connections(300, declares(doorPage)+"[")
	i.text("/healthz")
	time.Sleep(time.Second) // what is read behind the head
	took := i.peak() - before
	if t.Logf("900 connections took %d MiB", took); took > 100 {
		t.Error("that is more than 100")
	}
	if code := i.proc.terminate(t); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// B1: a page of 1.7 million frames in 5 KB, 20 times at once, costs 20 MB at the most.
func TestDoorPageBomb(t *testing.T) {
	i := newKeyedInstance(t)
	i.start()
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	io.WriteString(zip, `{"frames":[`+strings.Repeat(`{},`, 1_740_000)+`{}]}`)
	zip.Close()
	before := i.peak()
	for _, times := range []int{1, 4, 20} {
		var all sync.WaitGroup
		for range times {
			all.Go(func() {
				req, err := http.NewRequest("POST", i.http+"/v1/frames", bytes.NewReader(bomb.Bytes()))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+doorPage)
				req.Header.Set("Content-Encoding", "gzip")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("status %d", resp.StatusCode)
				}
			})
		}
		all.Wait()
	}
	took := i.peak() - before
	if t.Logf("25 pages took %d MiB", took); took > 20 {
		t.Error("that is more than 20")
	}
}

// A21: with fewer files than connections the process goes on, refuses what is too much, and takes others when there is room.
func TestDoorFewFiles(t *testing.T) {
	for _, files := range []int{64, 256, 1024} {
		t.Run(strconv.Itoa(files), func(t *testing.T) {
			i := newKeyedInstance(t)
			i.args = append([]string{"-c", `ulimit -n ` + strconv.Itoa(files) + `; exec "$0" "$@"`, program(t), "serve", "--data-dir", i.dir + "/data"}, i.args...)
			i.proc = launchProgram(t, "bash", i.dir, "serve", nil, i.args...)
			i.ready()
			all := i.connections(files+100, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
			time.Sleep(500 * time.Millisecond)
			for _, c := range all {
				c.Close()
			}
			i.ready()
			if code := i.proc.terminate(t); code != 0 {
				t.Errorf("it ended with %d", code)
			}
		})
	}
}

// C3: connections that have sent nothing, half a head or half a body do not hold up a stop.
func TestDoorStop(t *testing.T) {
	for name, text := range map[string]string{
		"silent": "", "half a head": "GET /healthz HTTP/1.1\r\nHost: loc", "no body": declares(doorPage), "half a body": declares(doorPage) + "[",
	} {
		t.Run(name, func(t *testing.T) {
			i := newKeyedInstance(t)
			i.start()
			i.connections(3, text)
			time.Sleep(200 * time.Millisecond) // they are accepted
			began := time.Now()
			if code := i.proc.terminate(t); code != 0 {
				t.Errorf("it ended with %d", code)
			}
			took := time.Since(began)
			if t.Logf("the stop took %s", took); took > 3*time.Second {
				t.Error("that is more than 3 s")
			}
		})
	}
}
