package chances

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Donors of 1995 over six years, and what came in the five after (Fader, Hardie, Shang 2010): the total expected is the published one.
func TestDonations(t *testing.T) {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the reference data sets are not at hand")
	}
	r, err := Run(Config{File: filepath.Join(dir, "clv", "donations_rf_holdout.csv"), Next: 5})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if r.Customers != 11104 || r.Histories != 22 || math.Abs(r.Params["alpha"]/1.20352-1) > 1e-3 || math.Abs(r.LL+33225.5813) > 1e-3 {
		t.Errorf("%+v", r)
	}
	if math.Abs(r.Expected-12884.2) > 0.5 || r.Actual == nil || *r.Actual != 13260 || len(r.ByTaken) != 7 {
		t.Errorf("%+v", r)
	}
}

func TestRefused(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "f.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(Config{File: file, Next: 5}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	f("", "a header and lines")
	f("x,t_x,n,customers\n", "a header and lines")
	f("x,t_x,n\n1,1,6\n", "a header and lines")
	f("x,t_x,n,customers\n1,1,6,a\n", `line 2, column 4: "a" is not a number`)
	f("x,t_x,n,customers\n1,1,6,NaN\n", `line 2, column 4: "NaN" is not a number`)
	f("x,t_x,n,customers\n1,1,1e300,2\n", `line 2, column 3: "1e300" is not a number`)
	f("x,t_x,n,customers\n1.5,2,6,2\n", `line 2, column 1: "1.5" is not a whole number`)
	f("x,t_x,n,customers\n0,0,6,5\n3,2,6,5\n", "line 3: nobody can have taken 3 of 6")
	f("x,t_x,n,customers\n1,0,6,5\n", "line 2: nobody can have")
	f("x,t_x,n,customers\n0,0,6,5\n", "nobody in the sample has bought again")
	if _, err := Run(Config{File: "nowhere.csv", Next: 5}); err == nil || !strings.Contains(err.Error(), "nowhere.csv") {
		t.Error(err)
	}
	if _, err := Run(Config{File: "nowhere.csv"}); err == nil || !strings.Contains(err.Error(), "next: must be positive") {
		t.Error(err)
	}
}
