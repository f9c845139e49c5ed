//go:build integration

package main

import (
	"bytes"
	"image"
	_ "image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// startDemo starts the demo and returns it with the moment of its start.
func startDemo(t *testing.T) (*instance, time.Time) {
	t.Helper()
	i := newInstance(t)
	began := time.Now()
	i.proc = launch(t, i.dir, "demo", nil, append([]string{"demo", "--data-dir", i.dir + "/data"}, i.args...)...)
	return i, began
}

// promise is how soon the demo has something to show.
const promise = 15 * time.Second

// A newcomer sees a frame with products within 15 seconds, and what the demo tells to try works.
func TestDemo(t *testing.T) {
	i, began := startDemo(t)
	eventually(t, "a frame has products", func() bool { return i.frameItems("/v1/frames/trending?n=3") > 0 })
	if took := time.Since(began); took > promise {
		t.Errorf("the first frame with products came after %s", took)
	} else {
		t.Logf("the first frame with products came after %s", took.Round(10*time.Millisecond))
	}
	i.ready()
	i.tryCurlLines(t)
	before := i.stats()
	eventually(t, "the shop lives", func() bool { return i.stats().Total > before.Total })
	s := i.stats()
	if s.Orders == 0 || s.Contacts == 0 || s.Bots == 0 || s.DeadLetters == 0 {
		t.Errorf("%d orders, %d contacts, %d bots, %d broken events: the shop should have some of each", s.Orders, s.Contacts, s.Bots, s.DeadLetters)
	}
	i.watchDashboard(t)
	if code := i.proc.terminate(t); code != 0 {
		t.Errorf("the demo ended with %d:\n%s", code, tail(i.proc.file("log"), 20))
	}
}

// frameItems returns how many products a frame has, 0 while there is none to have.
func (i *instance) frameItems(path string) int {
	if !i.proc.alive() {
		i.t.Fatalf("the process has ended: %v\n%s", i.proc.err, tail(i.proc.file("log"), 10))
	}
	r, err := http.Get(i.http + path)
	if err != nil {
		return 0
	}
	var frame frameAnswer
	decodeJSON(i.t, i.read(r, http.StatusOK), &frame)
	return len(frame.Items)
}

// tryCurlLines runs the lines that the demo prints, as a reader would.
func (i *instance) tryCurlLines(t *testing.T) {
	t.Helper()
	said := i.proc.output(t)
	if !bytes.Contains(said, []byte("SIMULATED")) {
		t.Errorf("the demo does not say that its shop is simulated:\n%s", said)
	}
	lines := regexp.MustCompile(`(?m)^\s*(curl .*)$`).FindAllStringSubmatch(string(said), -1)
	if len(lines) != 3 {
		t.Fatalf("the demo tells to try %d lines, want 3:\n%s", len(lines), said)
	}
	for n, l := range lines {
		out, err := exec.Command("sh", "-c", strings.Replace(l[1], "curl ", "curl -sS --fail-with-body -m 30 ", 1)).CombinedOutput()
		want := `"item_id":`
		if n == 2 {
			want = `"accepted":1`
		}
		if err != nil || !bytes.Contains(out, []byte(want)) {
			t.Errorf("%s: %v: %.500s", l[1], err, out)
		}
	}
}

// watchDashboard looks at the dashboard with a real browser: it shows the stream moving, trends, and a frame for a
// chosen product. The picture stays in .cache/log, for people.
func (i *instance) watchDashboard(t *testing.T) {
	t.Helper()
	b := newBrowser(t)
	b.open(i.http + "/")
	b.until(`document.getElementById("status")?.dataset.state === "live"`)
	b.until(`/[0-9]/.test(document.getElementById("events").textContent)`)
	b.until(`document.querySelectorAll("#kinds tr").length >= 5`)
	b.until(`document.querySelectorAll("#trends li").length >= 1`) // how many is chance
	b.until(`document.getElementById("spark-events").querySelector("path")?.getAttribute("d")?.length > 20`)
	b.ask(nil, `document.getElementById("product").value = "P00001", document.getElementById("frame").value = "product_page", `+
		`document.getElementById("look").requestSubmit()`)
	b.until(`document.querySelectorAll("#shown li").length >= 4`)
	b.slowAnswer()
	var totals string
	b.ask(&totals, `document.getElementById("totals").innerText.replace(/\s+/g, " ")`)
	picture := b.screenshot()
	if len(b.faults) > 0 {
		t.Errorf("the dashboard throws: %s", strings.Join(b.faults, "\n"))
	}
	checkPicture(t, picture)
	file := filepath.Join("..", "..", ".cache", "log", "dashboard.png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("the dashboard shows: %s; its picture is %s", totals, file)
}

// slowAnswer fails where an answer that comes late replaces that to a newer question.
func (b *browser) slowAnswer() {
	b.t.Helper()
	b.ask(nil, `(() => {
		const real = window.fetch, frame = document.getElementById("frame");
		let slow = true;
		window.late = false;
		window.fetch = (url, options) => {
			if (!slow || !url.startsWith("/v1/frames/")) return real(url, options);
			slow = false;
			return new Promise((done) => setTimeout(() => { done(real(url, options)); setTimeout(() => { window.late = true; }, 500); }, 500));
		};
		for (const name of ["trending", "bestsellers"]) { frame.value = name; document.getElementById("look").requestSubmit(); }
		window.fetch = real;
	})(), 0`)
	b.until(`window.late`)
	var shown string
	if b.ask(&shown, `document.getElementById("answer").textContent`); !strings.HasPrefix(shown, "bestsellers,") {
		b.t.Errorf("after a slow answer to an older question the page shows %q", shown)
	}
}

// checkPicture fails for an empty page: most of its bands have to hold something.
func checkPicture(t *testing.T, data []byte) {
	t.Helper()
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	size, full, bands := picture.Bounds(), 0, 10
	for band := range bands {
		colours := map[[3]uint32]bool{}
		for y := size.Dy() * band / bands; y < size.Dy()*(band+1)/bands; y += 2 {
			for x := 0; x < size.Dx(); x += 2 {
				r, g, b, _ := picture.At(x, y).RGBA()
				colours[[3]uint32{r >> 12, g >> 12, b >> 12}] = true
			}
		}
		if len(colours) > 3 {
			full++
		}
	}
	if full < 6 {
		t.Errorf("only %d of %d bands of the dashboard's picture hold anything", full, bands)
	}
}
