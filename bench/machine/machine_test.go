package machine

import (
	"bytes"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:noinline
func spin(d time.Duration) (n int) {
	for end := Self() + d; Self() < end; n++ {
	}
	return n
}

func TestSelfAndProcessAgree(t *testing.T) {
	before := Self()
	spin(50 * time.Millisecond)
	self := Self()
	if self-before < 50*time.Millisecond {
		t.Errorf("got %s of CPU time, want at least 50 ms", self-before)
	}
	if runtime.GOOS != "linux" {
		t.Skip("no /proc here")
	}
	process, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if diff := process - self; diff < -30*time.Millisecond || diff > 200*time.Millisecond {
		t.Errorf("/proc says %s, getrusage %s", process, self)
	}
	if Resident(os.Getpid()) < 1<<20 {
		t.Error("a Go process of less than 1 MiB")
	}
}

// A stage of a tenth of a millisecond has to be seen, not only what outlasts a tick of the kernel's timer.
func TestThreadSeesShortStages(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range 20 {
		began := Thread()
		for from := time.Now(); time.Since(from) < 100*time.Microsecond; {
		}
		if used := Thread() - began; used <= 0 {
			t.Fatalf("a stage of 100 us took %s", used)
		}
	}
}

func TestReadProfileFindsWhatRan(t *testing.T) {
	var buf bytes.Buffer
	if err := pprof.StartCPUProfile(&buf); err != nil {
		t.Skipf("another profile is running: %v", err)
	}
	spin(300 * time.Millisecond)
	pprof.StopCPUProfile()
	stacks, err := ReadProfile(&buf)
	if err != nil {
		t.Fatal(err)
	}
	in, all := int64(0), int64(0)
	for _, s := range stacks {
		all += s.Nanos
		if slices.ContainsFunc(s.Functions, func(f string) bool { return strings.Contains(f, "machine.spin") }) {
			in += s.Nanos
		}
	}
	if all == 0 {
		t.Skip("no sample was taken")
	}
	if float64(in) < 0.7*float64(all) {
		t.Errorf("%d of %d ns in the only function that ran", in, all)
	}
}

func TestReadProfileRefusesDamage(t *testing.T) {
	if _, err := ReadProfile(strings.NewReader("no profile")); err == nil {
		t.Error("text was read as a profile")
	}
}
