package sessions

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadSessions(t *testing.T) {
	train := write(t, "train.txt", "1 2 3\n2 3\n")
	test := write(t, "test.tsv", "1 2\t3\n1\t2\n2 9\t1\textra\n2\t9\n")
	s, err := Load(train, test, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 2 || len(s.Test) != 4 || s.Items != 4 {
		t.Fatalf("%d training sessions, %d cases, %d items; want 2, 4, 4", len(s.Train), len(s.Test), s.Items)
	}
	if s.Test[1].Session != s.Test[0].Session || s.Test[2].Session == s.Test[1].Session {
		t.Errorf("cases are of sessions %d %d %d", s.Test[0].Session, s.Test[1].Session, s.Test[2].Session)
	}
	if got := s.session(1); !slices.Equal(got, []uint32{1, 2, 3}) {
		t.Errorf("whole session %v; want 1 2 3", got)
	}
}

func TestLoadTSV(t *testing.T) {
	train := write(t, "train.tsv", "SessionId\tItemId\tTime\n1\t500\t1.5\n1\t600\t2\n")
	test := write(t, "test.tsv", "SessionId\tItemId\tTime\n7\t600\t3\n7\t700\t4\n7\t600\t5\n")
	s, err := Load(train, test, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []Case{{0, []uint32{2}, 3}, {0, []uint32{2, 3}, 2}}
	if len(s.Test) != 2 || s.Test[0].Next != want[0].Next || !slices.Equal(s.Test[1].Clicks, want[1].Clicks) {
		t.Errorf("got %v; want %v", s.Test, want)
	}
}

func TestLoadErrors(t *testing.T) {
	good := write(t, "train.txt", "1 2 3\n")
	f := func(train, test, format, want string) {
		t.Helper()
		if _, err := Load(train, test, format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
	f("missing", good, "", "cannot open")
	f(good, write(t, "a", "1 2 3\n"), "", "no TAB")
	f(good, write(t, "b", "1 x\t3\n"), "", "cannot read item \"x\"")
	f(good, write(t, "c", "\n"), "", "line 1")
	f(good, good, "parquet", "none of")
	f(good, write(t, "d.gz", "no gzip"), "", "cannot unpack")
}

// chains is a set in which 100 chains of 8 items are walked along, with some noise: no more sessions than the figures
// need to be clear, since the race detector makes each of them ten times as dear.
func chains() *Set {
	s := &Set{Name: "chains"}
	const sessions = 1200
	for i := range sessions {
		start := uint32(i*7919%100) * 8
		t := []uint32{}
		for k := range uint32(5) {
			t = append(t, start+(uint32(i)+k)%8)
		}
		if i%3 == 0 {
			t[4] = uint32(i * 31 % 800)
		}
		if i < sessions*9/10 {
			s.Train = append(s.Train, t)
			continue
		}
		for n := 4; n > 0; n-- {
			s.Test = append(s.Test, Case{uint32(i - sessions*9/10), t[:n:n], t[n]})
		}
	}
	s.countItems()
	return s
}

func TestRun(t *testing.T) {
	r, err := RunSet(context.Background(), Config{Command: "test"}, chains(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]Figures{}
	for _, f := range r.Results {
		by[f.Recipe] = f
	}
	if by["popularity"].HR > 0.1 || by["repeats"].HR > 0.1 || by["markov"].HR < 0.85 || by["next"].MRR < by["knn"].MRR || by["next"].MRR < 0.8 {
		t.Errorf("figures %+v", by)
	}
	var text, out bytes.Buffer
	if err := r.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Results { // a row each, with its figures
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^ *%s +%.2f +\S+ +%.2f +`, f.Recipe, 100*f.HR, 100*f.MRR))
		if !row.MatchString(text.String()) {
			t.Errorf("no row %s in:\n%s", row, &text)
		}
	}
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var object struct {
		Command string
		Results []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"recipe", "n", "hr@20", "mrr@20", "ndcg@20", "coverage@20", "query_us"} {
		if _, ok := object.Results[0][key]; !ok {
			t.Errorf("the JSON has no %q", key)
		}
	}
	path := filepath.Join(t.TempDir(), "plot.png")
	if err := r.Plot(path); err != nil {
		t.Fatal(err)
	}
}

func TestLiveInsertsTestSessions(t *testing.T) {
	s := &Set{Name: "new", Train: [][]uint32{{1, 2}, {2, 1}, {1, 2}}}
	for i := range uint32(50) { // what the training never saw, again and again
		s.Test = append(s.Test, Case{i, []uint32{8}, 9})
	}
	s.countItems()
	hr := func(live bool) float64 {
		r, err := RunSet(context.Background(), Config{Live: live}, s, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		return r.Results[len(r.Results)-1].HR
	}
	if frozen, live := hr(false), hr(true); frozen != 0 || live != 0.98 {
		t.Errorf("frozen %.2f, live %.2f; want 0 and .98", frozen, live)
	}
}

// Broker, decoding and engine must change nothing: not a figure, with the ranker learning and the vectors on.
func TestPipelineGivesTheSameFigures(t *testing.T) {
	run := func(pipeline bool) Figures {
		r, err := RunSet(context.Background(), Config{Every: 3, Pipeline: pipeline, Live: true}, chains(), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		f := r.Results[len(r.Results)-1]
		f.Query, f.Train = Times{}, 0
		return f
	}
	direct, piped := run(false), run(true)
	if direct.MRR < 0.8 || direct.Recipe != "next live" {
		t.Errorf("%s: MRR %.3f of the direct run", direct.Recipe, direct.MRR)
	}
	if !slices.Equal(direct.ranks, piped.ranks) || direct.HR != piped.HR || direct.MRR != piped.MRR || direct.NDCG != piped.NDCG || direct.Coverage != piped.Coverage {
		t.Errorf("through the pipeline %+v; want %+v", piped, direct)
	}
}

// With the labels shuffled among the cases nothing that is known of a visitor helps: what is left is popularity.
func TestShuffledLabelsFallToPopularity(t *testing.T) {
	r, err := RunSet(context.Background(), Config{Shuffle: true}, chains(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Results {
		if f.HR > 0.08 {
			t.Errorf("%s: hit rate %.3f with shuffled labels", f.Recipe, f.HR)
		}
	}
}

func data(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("ORRERY_DATA")
	if root == "" {
		t.Skip("ORRERY_DATA is not set: it names the folder of the public data sets")
	}
	return filepath.Join(root, name)
}

// The rows that every implementation of the protocol must agree on, and the floors of the learned recipe.
func TestSanityRows(t *testing.T) {
	dir := data(t, "sessions_rsc15_100k")
	c := Config{
		Train: filepath.Join(dir, "yoochoose-clicks-100k_train_full.tsv.gz"), Test: filepath.Join(dir, "yoochoose-clicks-100k_test.tsv.gz"),
		References: []string{filepath.Join(dir, "reference_recommendations_vsknn.csv.gz")},
	}
	r, err := Run(context.Background(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]float64{
		"popularity": {.0894, .0264}, "repeats": {.3422, .2642}, "markov": {.5841, .3429}, "rules": {.6193, .3458}, "cosine": {.4082, .1873},
	}
	for _, f := range r.Results {
		if w, ok := want[f.Recipe]; ok && (math.Abs(f.HR-w[0]) > 0.005 || math.Abs(f.MRR-w[1]) > 0.005) {
			t.Errorf("%s: %.4f / %.4f; want %.4f / %.4f within .005", f.Recipe, f.HR, f.MRR, w[0], w[1])
		}
		if f.Recipe == "next" && (f.HR < .700 || f.MRR < .383 || f.DeltaHR.Low <= 0 || f.DeltaMRR.Low <= 0) {
			t.Errorf("next: %.4f / %.4f; want at least .700 / .383, above kNN", f.HR, f.MRR)
		}
	}
	for _, c := range r.References {
		if c.N != 387 || math.Abs(c.ReferenceHR-.6098) > 1e-4 || math.Abs(c.ReferenceMRR-.3342) > 1e-4 {
			t.Errorf("the reference is read as %+v; want 387 lists, .6098 / .3342", c)
			break
		}
	}
}

func TestShuffledLabelsOfASlice(t *testing.T) {
	dir := data(t, "sessions_rsc15_100k")
	c := Config{
		Train: filepath.Join(dir, "yoochoose-clicks-100k_train_full.tsv.gz"), Test: filepath.Join(dir, "yoochoose-clicks-100k_test.tsv.gz"),
		Shuffle: true, NoVectors: true, Sample: 4000,
	}
	r, err := Run(context.Background(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	popularity, next := r.Results[0], r.Results[len(r.Results)-1]
	if next.HR > popularity.HR+0.02 {
		t.Errorf("with shuffled labels next has %.4f, popularity %.4f", next.HR, popularity.HR)
	}
}

// The times say the order of a session's clicks, whatever the lines do, and the header which column is which.
func TestTimeSaysTheOrder(t *testing.T) {
	train := write(t, "train.tsv", "SessionId\tItemId\tTime\n1\t500\t1.5\n1\t600\t2\n")
	var want *Set
	for i, text := range []string{
		"SessionId\tItemId\tTime\n7\t600\t3\n7\t700\t4\n7\t600\t5\n8\t500\t1\n",
		"SessionId\tItemId\tTime\n7\t600\t5\n7\t700\t4\n7\t600\t3\n8\t500\t1\n",
		"ts;item_id;session\n2026-01-01 00:00:05;600;7\n2026-01-01 00:00:04;700;7\n2026-01-01 00:00:03;500;8\n2026-01-01 00:00:03;600;7\n",
		"Time\tItemId\tSessionId\r\n2026-01-01T00:00:05Z\t600\t7\r\n2026-01-01T00:00:04Z\t700\t7\r\n2026-01-01T00:00:03Z\t600\t7\r\n2026-01-01T00:00:03Z\t500\t8\r\n",
	} {
		s, err := Load(train, write(t, fmt.Sprintf("test%d.tsv", i), text), TSV)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = s
		}
		if fmt.Sprint(s.Test) != fmt.Sprint(want.Test) || len(s.Test) != 2 {
			t.Errorf("%q: %v, want %v", text, s.Test, want.Test)
		}
	}
	for text, part := range map[string]string{
		"Visit\tItemId\tTime\n":                 "cannot find column SessionId: there are Visit, ItemId, Time",
		"SessionId\tItemId\tTime\n1\t2\tsoon\n": `cannot read Time "soon"`,
	} {
		if _, err := LoadTrain(write(t, "bad.tsv", text), TSV); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want %s", text, err, part)
		}
	}
}
