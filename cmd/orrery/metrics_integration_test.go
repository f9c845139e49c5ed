//go:build integration

package main

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every metric and every label that the dashboard and the alerts ask for is on the page of a running server.
func TestMetricsAreThere(t *testing.T) {
	i := newInstance(t, "--snapshot.every", "100ms")
	i.start()
	i.post("/v1/events", []byte(`{"event":"purchase","visitor":"v","order":"O-1","value":5,"currency":"EUR"}`))
	i.post("/v1/events", []byte(`{"event":"identify","visitor":"v","contact":"c"}`))
	i.kcat("this is no event\n", "-P", "-t", "orrery.pageviews")
	i.text("/v1/frames/product_page?product=SKU1")
	i.settle()
	eventually(t, "a snapshot is written", func() bool { return strings.Contains(i.text("/metrics"), "\norrery_snapshot_age_seconds ") })
	there := exposed(i.text("/metrics"))
	for name := range there {
		if !strings.HasPrefix(name, "orrery_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("the metric %s has no prefix", name)
		}
	}

	expressions := append(dashboardExpressions(t, "../../deploy/grafana/dashboard.json"), alertExpressions(t, "../../deploy/prometheus/alerts.yaml")...)
	wanted := map[string]bool{}
	for _, e := range expressions {
		for name, labels := range metricsOf(e) {
			wanted[name] = true
			if name == "up" { // Prometheus' own
				continue
			}
			if there[name] == nil {
				t.Errorf("the metric %s is not there, which %q asks for", name, e)
				continue
			}
			for _, label := range labels {
				if !there[name][label] {
					t.Errorf("the metric %s has no label %s, which %q asks for", name, label, e)
				}
			}
		}
	}
	if len(wanted) < 20 {
		t.Errorf("found only %d metrics in the dashboard and the alerts: %v", len(wanted), wanted)
	}
	t.Logf("%d metrics of %d expressions are there: %s", len(wanted), len(expressions), strings.Join(slices.Sorted(maps.Keys(wanted)), " "))
}

var sample = regexp.MustCompile(`(?m)^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$`)

var labelName = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"`)

// exposed returns the metrics of a page with the labels they have.
func exposed(page string) map[string]map[string]bool {
	there := map[string]map[string]bool{}
	for _, m := range sample.FindAllStringSubmatch(page, -1) {
		if there[m[1]] == nil {
			there[m[1]] = map[string]bool{}
		}
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			there[m[1]][l[1]] = true
		}
	}
	return there
}

var (
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)`)
	ranges   = regexp.MustCompile(`\[[^\]]*\]`)
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\}|\(|)`)
)

// metricsOf returns the metrics of an expression and the labels that are asked of them, without those that Prometheus
// itself gives to every series.
func metricsOf(expression string) map[string][]string {
	expression = ranges.ReplaceAllString(grouping.ReplaceAllString(expression, " "), " ")
	found := map[string][]string{}
	for _, m := range selector.FindAllStringSubmatch(expression, -1) {
		if m[2] == "(" || slices.Contains([]string{"and", "or", "unless", "bool", "offset"}, m[1]) {
			continue // a function, an operator
		}
		labels := found[m[1]]
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "job" && l[1] != "instance" {
				labels = append(labels, l[1])
			}
		}
		found[m[1]] = labels // known even without labels
	}
	return found
}

// dashboardExpressions returns every query of a Grafana dashboard.
func dashboardExpressions(t *testing.T, file string) (all []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard any
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if e, ok := v["expr"].(string); ok {
				all = append(all, e)
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(dashboard)
	return all
}

// alertExpressions returns every expr of a file of Prometheus rules, on one line or as a block.
func alertExpressions(t *testing.T, file string) (all []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	indent := func(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }
	for n, l := range lines {
		e, ok := strings.CutPrefix(strings.TrimSpace(l), "expr: ")
		if !ok {
			continue
		}
		if e == "|" {
			e = ""
			for _, more := range lines[n+1:] {
				if indent(more) <= indent(l) {
					break
				}
				e += " " + strings.TrimSpace(more)
			}
		}
		all = append(all, e)
	}
	return all
}
