package door

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

// A body is what was sent, in whatever pieces it came, and the room that it took is given back.
func TestBodyIsWhatWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := NewBodies(1 << 30)
		most := rapid.IntRange(1, 6<<20).Draw(t, "most")
		sent := bytes.Repeat([]byte("0123456789abcdef!"), rapid.IntRange(0, 400_000).Draw(t, "size")/17)
		declared := rapid.SampledFrom([]int{-1, len(sent)}).Draw(t, "declared")
		var r io.Reader = bytes.NewReader(sent)
		if rapid.Bool().Draw(t, "halves") {
			r = iotest.HalfReader(r)
		}
		if rapid.Bool().Draw(t, "eof") {
			r = iotest.DataErrReader(r)
		}
		var b Body
		got, err := b.Read(of, r, declared, most)
		if tooLarge := len(sent) > most; errors.Is(err, ErrTooLarge) != tooLarge || !tooLarge && (err != nil || !bytes.Equal(got, sent)) {
			t.Fatalf("%d bytes of %d, at most %d: %v", len(got), len(sent), most, err)
		}
		if used := of.Counts().Used; used > int64(max(5*len(sent), 4<<12)) && used > int64(most+1) {
			t.Fatalf("%d bytes are counted for %d", used, len(sent))
		}
		b.Release(of)
		b.Release(of)
		if used := of.Counts().Used; used != 0 {
			t.Fatalf("%d bytes are still counted", used)
		}
	})
}

// A22: what is declared and does not come takes a few KB.
func TestDeclaredIsNotBelieved(t *testing.T) {
	of := NewBodies(1 << 30)
	var b Body
	if _, err := b.Read(of, iotest.ErrReader(io.ErrUnexpectedEOF), 5<<20, 5<<20); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if used := of.Counts().Used; used > 8<<10 {
		t.Errorf("%d bytes are counted for a body that never came", used)
	}
	if _, err := b.Read(of, nil, 5<<20+1, 5<<20); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// Large bodies fill three quarters; small ones find the last.
func TestBodiesAreBounded(t *testing.T) {
	of := NewBodies(8 << 20)
	large := bytes.Repeat([]byte{'x'}, 1<<20)
	var all []*Body
	for {
		b := new(Body)
		all = append(all, b)
		if _, err := b.Read(of, bytes.NewReader(large), len(large), len(large)); err != nil {
			if !errors.Is(err, ErrBusy) {
				t.Fatal(err)
			}
			break
		}
	}
	if len(all) < 5 || len(all) > 7 {
		t.Errorf("the body number %d finds no room", len(all))
	}
	small := new(Body)
	if _, err := small.Read(of, bytes.NewReader(large[:60_000]), 60_000, 1<<20); err != nil {
		t.Errorf("a small body: %v", err)
	}
	for _, b := range append(all, small) {
		b.Release(of)
	}
	if c := of.Counts(); c.Used != 0 || c.Refused != 1 {
		t.Errorf("%+v", c)
	}
}

// A small body costs no allocation, a large one no new memory each time.
func TestBodyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	of := NewBodies(1 << 30)
	sent, r := bytes.Repeat([]byte{'x'}, 5<<20), new(bytes.Reader)
	var b Body
	f := func(size, declared int) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const times = 50
		for range times {
			r.Reset(sent[:size])
			if got, err := b.Read(of, r, declared, len(sent)); err != nil || len(got) != size {
				t.Fatal(err)
			}
			b.Release(of)
		}
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) / times; took > uint64(size/4+1000) { // pools are emptied now and then
			t.Errorf("a body of %d bytes takes %d", size, took)
		}
	}
	f(3000, 3000)
	f(3000, -1)
	f(300_000, 300_000)
	f(4_500_000, 4_500_000)
	f(5<<20, -1)
	if n := testing.AllocsPerRun(100, func() {
		r.Reset(sent[:3000])
		b.Read(of, r, 3000, len(sent))
		b.Release(of)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Where there is no room, the body makes some that has been coming for longest, and a page's event needs none.
func TestSlowBodiesMakeRoom(t *testing.T) {
	of := NewBodies(1 << 20)
	type held struct {
		client net.Conn
		ended  chan error
		body   *Body
	}
	var all []held
	for range 40 { // each sends 20,000 bytes of 60,000, and has room for all of them
		client, server := net.Pipe()
		h := held{client, make(chan error, 1), new(Body)}
		go func() {
			_, err := h.body.Receive(of, server, server, 60_000, 1<<20)
			server.Close()
			h.ended <- err
		}()
		client.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := client.Write(make([]byte, 20_000)); err != nil || of.Counts().Refused > 0 {
			if err := <-h.ended; !errors.Is(err, ErrBusy) {
				t.Fatal(err)
			}
			h.body.Release(of)
			break
		}
		all = append(all, h)
	}
	if n := len(all); n < 14 || n > 17 {
		t.Fatalf("%d bodies have room", n)
	}
	early := new(Body)
	if _, err := early.Read(of, bytes.NewReader(make([]byte, 30_000)), 30_000, 1<<20); !errors.Is(err, ErrBusy) {
		t.Errorf("none is slow yet: %v", err)
	}
	early.Release(of)
	small := new(Body)
	if _, err := small.Read(of, bytes.NewReader(make([]byte, 4000)), 4000, 1<<20); err != nil {
		t.Errorf("a page's event: %v", err)
	}
	of.mu.Lock()
	for b := of.oldest; b != nil; b = b.after {
		b.began = b.began.Add(-slow)
	}
	of.mu.Unlock()
	go func() { // as a handler does
		if err := <-all[0].ended; errors.Is(err, os.ErrDeadlineExceeded) {
			all[0].body.Release(of)
		}
		all[0].ended <- nil
	}()
	honest := new(Body)
	if _, err := honest.Read(of, bytes.NewReader(make([]byte, 30_000)), 30_000, 1<<20); err != nil {
		t.Errorf("the slowest has made no room: %v", err)
	}
	if n := of.Counts().Ended; n != 1 {
		t.Errorf("%d have been ended", n)
	}
	<-all[0].ended
	for _, h := range all[1:] {
		h.client.Close()
		<-h.ended
		h.body.Release(of)
	}
	honest.Release(of)
	small.Release(of)
	if of.oldest != nil || of.newest != nil || of.Counts().Used != 0 {
		t.Errorf("something is left: %+v", of.Counts())
	}
}
