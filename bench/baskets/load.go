package baskets

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Basket is one order: distinct items, in the order of the file.
type Basket struct {
	Time  time.Time // zero where the file has none
	Items []uint32
}

// open returns the unpacked content of a file.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open baskets: %w", err)
	}
	if !strings.HasSuffix(path, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot unpack %q: %w", path, err)
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// setName is the name of a file without its endings, or the folder's where that says more.
func setName(path string) string {
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".csv", ".jsonl", ".txt"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// numbers gives names numbers from 1 on.
type numbers map[string]uint32

func (n numbers) of(name string) uint32 {
	v, ok := n[name]
	if !ok {
		v = uint32(len(n)) + 1
		n[name] = v
	}
	return v
}

// eachLine calls visit with every line of a file.
func eachLine(path string, visit func(line string) error) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<16), 1<<24)
	for n := 1; lines.Scan(); n++ {
		if err := visit(lines.Text()); err != nil {
			return fmt.Errorf("cannot read %q, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cannot read %q: %w", path, err)
	}
	return nil
}

// loadLines reads a basket a line, labels separated by commas.
func loadLines(path string) ([]Basket, error) {
	items := numbers{}
	var all []Basket
	err := eachLine(path, func(line string) error {
		record, err := csv.NewReader(strings.NewReader(line)).Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var b Basket
		for _, label := range record {
			if item := items.of(strings.TrimSpace(label)); !slices.Contains(b.Items, item) {
				b.Items = append(b.Items, item)
			}
		}
		all = append(all, b)
		return nil
	})
	return all, err
}

// loadInvoices reads a table of order lines: InvoiceNo, StockCode, Quantity and InvoiceDate by their names in the
// header. Cancellations, and codes that are no products (postage, fees), are left out. Orders are sorted by time.
func loadInvoices(path string) ([]Basket, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	table.ReuseRecord = true
	header, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("cannot read the header of %q: %w", path, err)
	}
	var at [4]int
	for i, name := range []string{"InvoiceNo", "StockCode", "Quantity", "InvoiceDate"} {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return nil, fmt.Errorf("cannot read %q: there is no column %q", path, name)
		}
	}
	items, orders := numbers{}, map[string]int{}
	var all []Basket
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %q: %w", path, err)
		}
		code := record[at[1]]
		quantity, _ := strconv.Atoi(record[at[2]])
		if quantity <= 0 || code == "" || code[0] < '0' || code[0] > '9' {
			continue
		}
		order, known := orders[record[at[0]]]
		if !known {
			t, err := time.Parse(time.DateTime, record[at[3]])
			if err != nil {
				return nil, fmt.Errorf("cannot read %q: %w", path, err)
			}
			order = len(all)
			orders[strings.Clone(record[at[0]])] = order
			all = append(all, Basket{Time: t})
		}
		item := items.of(strings.Clone(code))
		if b := &all[order]; !slices.Contains(b.Items, item) {
			b.Items = append(b.Items, item)
		}
	}
	slices.SortStableFunc(all, func(a, b Basket) int { return a.Time.Compare(b.Time) })
	return all, nil
}

// loadCustomers reads a customer a line: {"user":n,"baskets":[[item,...],...]}, oldest basket first. Item numbers grow
// by one, so that none is 0.
func loadCustomers(path string) ([][][]uint32, error) {
	var all [][][]uint32
	err := eachLine(path, func(line string) error {
		var c struct{ Baskets [][]uint32 }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			return err
		}
		for i, b := range c.Baskets {
			for k := range b {
				b[k]++
			}
			slices.Sort(b)
			c.Baskets[i] = slices.Compact(b)
		}
		all = append(all, c.Baskets)
		return nil
	})
	return all, err
}

// loadSequences reads a customer a line: a number, then items in order of time, separated by spaces.
func loadSequences(path string) ([][]uint32, error) {
	var all [][]uint32
	err := eachLine(path, func(line string) error {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return nil
		}
		items := make([]uint32, 0, len(fields)-1)
		for _, f := range fields[1:] {
			n, err := strconv.ParseUint(f, 10, 32)
			if err != nil {
				return err
			}
			items = append(items, uint32(n))
		}
		all = append(all, items)
		return nil
	})
	return all, err
}
