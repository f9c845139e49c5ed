package intent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlineShoppers(t *testing.T) {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the reference data sets are not at hand")
	}
	r, err := Run(Config{File: filepath.Join(dir, "intent/online_shoppers_intention.csv"), Folds: 10})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if r.Dataset.Rows != 12330 || r.Dataset.Positives != 1908 || len(r.Dataset.Features) != 17 || r.Dataset.Later != 4725 {
		t.Errorf("%+v", r.Dataset)
	}
	f := func(model, protocol, without string, logloss, auc, ece float64) {
		t.Helper()
		for _, s := range r.Results {
			if s.Model == model && s.Protocol == protocol && s.Without == without {
				if s.LogLoss > logloss || s.AUC < auc || s.ECE > ece {
					t.Errorf("%s, %s: log loss %.4f, AUC %.4f, ECE %.4f", model, protocol, s.LogLoss, s.AUC, s.ECE)
				}
				return
			}
		}
		t.Errorf("no row %s, %s", model, protocol)
	}
	f("logistic", "out-of-fold", "", .2477, .9144, .015)
	f("boosted", "out-of-fold", "", .2220, .9340, .015)
	f("boosted", "out-of-fold", "PageValues", .3579, .7841, .015)
	f("logistic", "out-of-fold", "PageValues", .3753, .7546, .015)
}

func TestReadTable(t *testing.T) {
	f := func(content string, ok bool) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readTable(file, "y"); (err == nil) != ok {
			t.Errorf("%q: %v", content, err)
		}
	}
	f("a,b,y\n1,x,TRUE\n2,z,false\n", true)
	f("a,b\n1,2\n", false)
	f("a,y\n1,maybe\n", false)
	f("a,y\n", false)
	f("a,y\n1\n", false)
	if _, err := readTable("/nowhere", "y"); err == nil {
		t.Error("read a file that is not there")
	}
}
